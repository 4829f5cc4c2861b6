import { CUSTOMER_STREAM, EngineError } from '#libs/core';
import type {
  Checkpoint,
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
import { GroupProjector } from './group-projector';
import type { Keyring } from './keyring';
import { openGroup } from './open-group';

export interface ProjectorPorts {
  readonly log: EventLog;
  readonly feed: EventFeed;
  readonly store: DocumentStore;
  readonly keyring: Keyring;
  /** Id of the feed that positions belong to. */
  readonly topicId: string;
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
const PARTITION = 0;
/** Pause after a fault of an engine, before a group reads on. */
const RETRY_MS = 500;

/** Lets timers, messages and the other groups of this thread have a turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Following {
  readonly projector: GroupProjector;
  checkpoint: Checkpoint | undefined;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Owns every group of projections of a process: follows the feed with each, and builds new ones beside. Queries find
 * the serving group by the store's pointers, which move only when a build has caught up.
 */
export class Projector {
  readonly #following = new Map<string, Following>();
  #fault: Error | undefined;

  constructor(
    private readonly ports: ProjectorPorts,
    private readonly onFault: (fault: Error) => void,
  ) {}

  /** Opens the groups that serve and follows; what no group of this build serves begins in a new one, from the start. */
  async start(): Promise<void> {
    const { store, projections } = this.ports;
    const served = new Set<string>();
    for (const id of await this.#servingGroups()) {
      const opened = await openGroup(store, id, projections);
      if (opened === undefined) continue;
      for (const { projection, group } of await store.pointers()) if (group === id) served.add(projection);
      await this.#follow(new GroupProjector(opened.group, opened.mine, this.ports.log, this.ports.keyring));
    }
    const fresh = projections.filter(({ name }) => !served.has(name));
    if (fresh.length === 0) return;
    const id = await this.#newGroupId();
    const group = await store.open(id, fresh);
    await store.point(fresh.map(({ name }) => ({ projection: name, group: id })));
    await this.#follow(new GroupProjector(group, fresh, this.ports.log, this.ports.keyring));
  }

  async stop(): Promise<void> {
    const all = [...this.#following.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ ended }) => ended));
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
      const note = await this.#buildByCustomer(projector, (events, progress) => tell({ events, progress }));
      tell({ state: 'following', progress: 1 });
      await this.#follow(projector);
      await this.#caughtUp(id, note.position);
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
    }
  }

  /** Folds stream by stream, each to its head as read, then sets the checkpoint to where the log ended at the start. */
  async #buildByCustomer(
    projector: GroupProjector,
    tell: (events: number, progress: number) => void,
  ): Promise<Checkpoint> {
    const { log, topicId } = this.ports;
    const position = await log.lastPosition();
    const note: Checkpoint = { topicId, offset: position, position };
    const nothing = { partition: PARTITION, expected: undefined, next: undefined };
    let events = 0;
    let batch: StoredRecord[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      events += await projector.apply(batch, nothing);
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
    await projector.apply([], { partition: PARTITION, expected: undefined, next: note });
    return note;
  }

  async #follow(projector: GroupProjector): Promise<void> {
    const stop = new AbortController();
    const { group } = projector;
    const checkpoint = await group.checkpoint(PARTITION);
    const following: Following = { projector, checkpoint, stop, ended: this.#run(projector, stop.signal) };
    this.#following.set(group.id, following);
  }

  async #run(projector: GroupProjector, signal: AbortSignal): Promise<void> {
    const { group } = projector;
    try {
      await this.ports.feed.run(
        {
          name: group.id,
          checkpoint: (partition) => group.checkpoint(partition),
          deliver: async ({ partition, records, checkpoint: next }) => {
            const known = this.#following.get(group.id);
            const customers = records.filter(({ stream }) => stream.startsWith(CUSTOMER_STREAM));
            const expected = known?.checkpoint ?? (await group.checkpoint(partition));
            await projector.apply(customers, { partition, expected, next });
            if (known !== undefined) known.checkpoint = next;
            await breathe();
          },
        },
        signal,
      );
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof EngineError) {
        // A disk that is full, or a server that is away: nothing was kept, so the same again, from the checkpoint.
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        return this.#run(projector, signal);
      }
      this.#fault = error instanceof Error ? error : new Error('unknown fault');
      this.onFault(this.#fault);
    }
  }

  async #caughtUp(id: string, atLeast: number): Promise<void> {
    for (;;) {
      const mine = this.#following.get(id)?.checkpoint?.position ?? 0;
      const others = await this.#servingGroups();
      const theirs = others.map((other) => this.#following.get(other)?.checkpoint?.position ?? 0);
      const last = await this.ports.log.lastPosition();
      if (mine >= atLeast && (mine >= Math.max(0, ...theirs) || mine >= last)) return;
      if (this.#fault !== undefined) throw this.#fault;
      await breathe();
    }
  }

  async #compare(built: DocumentGroup, chosen: readonly Projection<SeenEvent>[]): Promise<Parity> {
    const pointers = await this.ports.store.pointers();
    const served = (projection: string): DocumentGroup => {
      const id = pointers.find((pointer) => pointer.projection === projection)?.group ?? '';
      return this.#following.get(id)?.projector.group ?? built;
    };
    return compareGroups(built, served, chosen, breathe);
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
    for (const [group, { stop, ended }] of this.#following) {
      if (serving.has(group)) continue;
      stop.abort();
      await ended;
      this.#following.delete(group);
    }
    for (const group of await store.groups()) if (!kept.has(group)) await store.drop(group);
  }

  async #discard(id: string): Promise<void> {
    const following = this.#following.get(id);
    following?.stop.abort();
    await following?.ended;
    this.#following.delete(id);
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
