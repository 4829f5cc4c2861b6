import { CUSTOMER_STREAM, EngineError, pause } from '#libs/core';
import type {
  DocumentGroup,
  DocumentStore,
  EventFeed,
  EventLog,
  Pointer,
  Projection,
  StoredRecord,
} from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { compareGroups } from './compare-groups';
import type { Parity } from './compare-groups';
import { GroupFollower } from './group-follower';
import { GroupProjector } from './group-projector';
import type { Keyring } from './keyring';
import { openGroup } from './open-group';
import { breathe } from './waiting';

export interface ProjectorPorts {
  readonly log: EventLog;
  readonly feed: EventFeed;
  readonly store: DocumentStore;
  readonly keyring: Keyring;
  readonly projections: readonly Projection<SeenEvent>[];
}

export type RebuildState = 'building' | 'following' | 'comparing' | 'done' | 'failed';

export interface RebuildStatus {
  readonly rebuildId: string;
  readonly projections: readonly string[];
  readonly state: RebuildState;
  /** Share of the log folded, 0 to 1. */
  readonly progress: number;
  readonly events: number;
  readonly parity?: Parity;
  readonly fault?: string;
}

/** Events that a build folds and commits at once. */
const BUILD_BATCH = 2_000;
const STREAMS_PAGE = 500;
const EVENTS_PAGE = 250;
/** Bytes of envelopes after which a build's batch is folded, however few its events are. */
const BUILD_BATCH_BYTES = 8 * 1024 * 1024;
/** What a build writes has no place in the feed until it is done. */
const NOWHERE = { partition: 0, expected: undefined, next: undefined };
/** How often it is looked whether other groups serve now: another process may have built one. */
const WATCH_MS = 1_000;
const CATCH_UP_POLL_MS = 10;

interface Following {
  readonly follower: GroupFollower;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Owns the groups of projections that serve queries, together with the other processes of its kind: follows the feed
 * with each, and builds new ones beside. Queries find the serving group by the store's pointers, which move only when a
 * build has caught up.
 */
export class Projector {
  readonly #following = new Map<string, Following>();
  /** Groups that this process builds: nobody serves them yet. */
  readonly #building = new Set<string>();
  readonly #stopped = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #fault: Error | undefined;

  constructor(
    private readonly ports: ProjectorPorts,
    private readonly onFault: (fault: Error) => void,
  ) {}

  /** Opens the groups that serve and follows; what no group of this build serves begins in a new one, from the start. */
  async start(): Promise<void> {
    const { store, projections } = this.ports;
    const served = await this.#followServing();
    const fresh = projections.filter(({ name }) => !served.has(name));
    if (fresh.length > 0) {
      const id = await this.#newGroupId();
      await store.open(id, fresh);
      await store.point(fresh.map(({ name }) => ({ projection: name, group: id })));
      await this.#followServing();
    }
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    await Promise.all([...this.#following.keys()].map((id) => this.#leave(id)));
  }

  /** Which partitions of which groups this process folds. */
  partitions(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.#following].map(([id, { follower }]) => [id, follower.partitions]));
  }

  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Builds these projections beside the live ones, compares, and switches; `keep` false only compares. */
  async build(
    names: readonly string[],
    report: (status: RebuildStatus) => void,
    rebuildId: string,
    keep: boolean,
  ): Promise<Parity> {
    const { store, projections } = this.ports;
    const chosen = projections.filter(({ name }) => names.includes(name));
    const id = await this.#newGroupId();
    let status: RebuildStatus = { rebuildId, projections: names, state: 'building', progress: 0, events: 0 };
    const tell = (change: Partial<RebuildStatus>): void => report((status = { ...status, ...change }));
    tell({});
    try {
      const group = await store.open(id, chosen);
      const projector = new GroupProjector(group, chosen, this.ports.log, this.ports.keyring);
      this.#building.add(id);
      await this.#buildByCustomer(projector, (events, progress) => tell({ events, progress }));
      tell({ state: 'following', progress: 1 });
      this.#follow(projector);
      await this.#caughtUp(group);
      tell({ state: 'comparing' });
      const parity = await this.#compare(group, chosen);
      if (keep) await this.#switchTo(id, names);
      else await this.#discard(id);
      tell({ state: 'done', parity });
      return parity;
    } catch (error) {
      await this.#discard(id);
      tell({ state: 'failed', fault: error instanceof Error ? error.message : 'unknown fault' });
      throw error;
    } finally {
      this.#building.delete(id);
    }
  }

  /** Folds stream by stream, each to its head as read, then sets the checkpoints to where the feed ended at the start. */
  async #buildByCustomer(
    projector: GroupProjector,
    tell: (events: number, progress: number) => void,
  ): Promise<void> {
    const { log, feed } = this.ports;
    // Noted before the first read: all that stands before it in the feed is in the log by now.
    const ends = await feed.ends();
    const position = await log.lastPosition();
    let events = 0;
    let batch: StoredRecord[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      events += await projector.apply(batch, NOWHERE);
      batch = [];
      bytes = 0;
      tell(events, position === 0 ? 1 : Math.min(1, events / position));
      await breathe();
    };
    for (let cursor: string | undefined; ;) {
      const page = await log.streams(cursor, STREAMS_PAGE);
      for (const { stream, revision } of page.items) {
        if (!stream.startsWith(CUSTOMER_STREAM)) continue;
        for (let from = 0; from <= revision; from += EVENTS_PAGE) {
          const records = await log.readStream(stream, from, Math.min(EVENTS_PAGE, revision - from + 1));
          batch.push(...records);
          for (const { env, sealed } of records) {
            bytes += Object.values(sealed).reduce((sum, blob) => sum + blob.length, env.length);
          }
          if (batch.length >= BUILD_BATCH || bytes >= BUILD_BATCH_BYTES) await flush();
        }
      }
      if (page.next === undefined) break;
      cursor = page.next;
    }
    if (batch.length > 0) await flush();
    for (const [partition, next] of ends) await projector.apply([], { partition, expected: undefined, next });
  }

  /** Follows what serves, and nothing else but what is being built. Answers the projections that are served. */
  async #followServing(): Promise<ReadonlySet<string>> {
    const { store, projections, log, keyring } = this.ports;
    const pointers = await store.pointers();
    const serving = new Set(pointers.map(({ group }) => group));
    const served = new Set<string>();
    for (const id of serving) {
      const opened = await openGroup(store, id, projections);
      if (opened === undefined) continue;
      for (const { projection, group } of pointers) if (group === id) served.add(projection);
      if (!this.#following.has(id)) this.#follow(new GroupProjector(opened.group, opened.mine, log, keyring));
    }
    for (const id of this.#following.keys()) {
      if (!serving.has(id) && !this.#building.has(id)) await this.#leave(id);
    }
    return served;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    for (;;) {
      await pause(WATCH_MS, signal);
      if (signal.aborted) return;
      try {
        await this.#followServing();
      } catch (error) {
        if (!(error instanceof EngineError)) this.#fail(error);
      }
    }
  }

  #follow(projector: GroupProjector): void {
    const { log, feed } = this.ports;
    const stop = new AbortController();
    const follower = new GroupFollower(projector, log, feed);
    const ended = follower.run(stop.signal).catch((error: unknown) => this.#fail(error));
    this.#following.set(projector.group.id, { follower, stop, ended });
  }

  async #leave(id: string): Promise<void> {
    const following = this.#following.get(id);
    following?.stop.abort();
    await following?.ended;
    this.#following.delete(id);
  }

  #fail(error: unknown): void {
    this.#fault = error instanceof Error ? error : new Error('unknown fault');
    this.onFault(this.#fault);
  }

  /** Resolves when a built group has folded all that those that serve have folded, in every partition. */
  async #caughtUp(built: DocumentGroup): Promise<void> {
    const { store, projections, feed } = this.ports;
    for (;;) {
      const mine = await built.checkpoints();
      const ends = await feed.ends();
      let behind = false;
      for (const id of await this.#servingGroups()) {
        const opened = await openGroup(store, id, projections);
        for (const [partition, theirs] of (await opened?.group.checkpoints()) ?? []) {
          const own = mine.get(partition);
          const end = ends.get(partition);
          // Theirs of another topic than today's say nothing: then the feed's own end is what counts.
          const goal = theirs.topicId === end?.topicId ? theirs.offset : (end?.offset ?? 0);
          if ((own?.topicId === end?.topicId ? (own?.offset ?? 0) : -1) < goal) behind = true;
        }
      }
      if (!behind) return;
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#stopped.signal.aborted) throw new Error('stopped before the build had caught up');
      await pause(CATCH_UP_POLL_MS, this.#stopped.signal);
    }
  }

  async #compare(built: DocumentGroup, chosen: readonly Projection<SeenEvent>[]): Promise<Parity> {
    const { store, projections } = this.ports;
    const served = new Map<string, DocumentGroup>();
    for (const { projection, group } of await store.pointers()) {
      const opened = await openGroup(store, group, projections);
      if (opened !== undefined) served.set(projection, opened.group);
    }
    return compareGroups(built, (projection) => served.get(projection) ?? built, chosen, { breathe });
  }

  /** Points the queries to the new group. The one before stays, no longer followed; older ones go. */
  async #switchTo(id: string, names: readonly string[]): Promise<void> {
    const { store } = this.ports;
    const pointers = await store.pointers();
    const moved: Pointer[] = names.map((projection) => {
      const previous = pointers.find((pointer) => pointer.projection === projection)?.group;
      return previous === undefined ? { projection, group: id } : { projection, group: id, previous };
    });
    await store.point(moved);
    const now = await store.pointers();
    const serving = new Set(now.map(({ group }) => group));
    const kept = new Set([...serving, ...now.map(({ previous }) => previous)]);
    for (const group of this.#following.keys()) if (!serving.has(group)) await this.#leave(group);
    for (const group of await store.groups()) if (!kept.has(group)) await store.drop(group);
  }

  async #discard(id: string): Promise<void> {
    await this.#leave(id);
    await this.ports.store.drop(id);
  }

  async #servingGroups(): Promise<readonly string[]> {
    return [...new Set((await this.ports.store.pointers()).map(({ group }) => group))];
  }

  /** Groups are numbered; a number is not used again while a file of it may be left. */
  async #newGroupId(): Promise<string> {
    const numbers = (await this.ports.store.groups()).map((id) => Number(id.slice(1)));
    return `g${Math.max(0, ...numbers.filter((number) => Number.isSafeInteger(number))) + 1}`;
  }
}
