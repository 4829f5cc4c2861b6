import { EngineError, messageOf, pause } from '#libs/core';
import type { DocumentGroup, DocumentStore, EventFeed, EventLog, Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { buildByCustomer } from './build-by-customer';
import type { BuildPorts } from './build-by-customer';
import { compareGroups } from './compare-groups';
import type { Parity } from './compare-groups';
import { GroupFollower } from './group-follower';
import { teller } from './group-orders';
import type { BuildOrder, Report, RetryOrder, RollBackOrder } from './group-orders';
import {
  dropLeftovers,
  isBehind,
  modelOf,
  mustBeThere,
  newGroupId,
  pointTo,
  servingGroups,
} from './group-pointers';
import { GroupProjector } from './group-projector';
import type { Keyring } from './keyring';
import { openGroup } from './open-group';
import type { OpenedGroup } from './open-group';
import { together } from './projection-set';
import type { ProjectionSet } from './projection-set';
import { breathe, Turns } from './waiting';

export interface ProjectorPorts {
  readonly log: EventLog;
  readonly feed: EventFeed;
  readonly store: DocumentStore;
  readonly keyring: Keyring;
  readonly projections: ProjectionSet;
  /** No other process builds groups in this store: what is half built at the start was left by a crash. */
  readonly alone?: boolean;
  /** Folds a build's customers elsewhere; without it this thread does. */
  readonly foldAside?: BuildPorts['foldAside'];
  /** Told each fault that following has got over, or tries to. */
  readonly onTrouble?: (error: unknown) => void;
}

/** How often it is looked whether other groups serve now: another process may have built one. */
const WATCH_MS = 1_000;
const CATCH_UP_POLL_MS = 25;

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
  /** Groups that are followed no more, until what was under way is over. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Groups that this process builds: nobody serves them yet. */
  readonly #building = new Set<string>();
  readonly #stopped = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  /** One after the other: each switch must know what the one before has left. */
  readonly #working = new Turns();
  #fault: Error | undefined;

  constructor(
    private readonly ports: ProjectorPorts,
    private readonly onFault: (fault: Error) => void,
  ) {}

  /** Opens the groups that serve and follows; what no group of this build serves begins in a new one, from the start. */
  async start(): Promise<void> {
    const { store, projections, alone } = this.ports;
    const served = await this.#followServing();
    const missing = projections.plain.map(({ name }) => name).filter((name) => !served.has(name));
    if (missing.length > 0) {
      const names = together(projections.plain, missing);
      const fresh = (await this.#with(await projections.active())).filter(({ name }) => names.includes(name));
      const id = await newGroupId(store);
      await store.open(id, fresh);
      await store.point(fresh.map(({ name }) => ({ projection: name, group: id })));
      await this.#followServing();
    }
    if (alone === true) await dropLeftovers(store);
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    await this.#working.over();
    await Promise.all([...this.#following.keys()].map((id) => this.#leave(id)));
    await Promise.all(this.#leaving.values());
  }

  /** Which partitions of which groups this process folds. */
  partitions(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.#following].map(([id, { follower }]) => [id, follower.partitions]));
  }

  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Builds projections, and what is folded together with them, beside the live ones, compares, and switches. */
  build(order: BuildOrder, report: Report): Promise<Parity> {
    return this.#working.take(() => this.#build(order, report));
  }

  async #build({ taskId, names, keep, activate, signal }: BuildOrder, report: Report): Promise<Parity> {
    const { store, projections } = this.ports;
    const all = together(projections.plain, names);
    const tell = teller(taskId, all, report);
    let id: string | undefined;
    try {
      const model = activate?.model ?? (await this.servingModel());
      const chosen = (await this.#with(model)).filter(({ name }) => all.includes(name));
      await dropLeftovers(store);
      id = await newGroupId(store);
      const group = await store.open(id, chosen);
      const projector = this.#projectorOf(group, chosen);
      this.#building.add(id);
      await buildByCustomer({ ...this.ports, projector }, (events, progress) => {
        this.#goOn(signal);
        tell({ events, progress });
      });
      tell({ state: 'following', progress: 1 });
      this.#follow(projector);
      await this.#caughtUp(group, signal);
      tell({ state: 'comparing' });
      const parity = await this.#compare(group, chosen, signal);
      await activate?.ready();
      if (keep) {
        // Comparing takes its time, and what serves has gone on.
        await this.#caughtUp(group, signal);
        this.#goOn(signal);
        await this.#switchTo(id, all);
      } else await this.#discard(id);
      tell({ state: 'done', parity });
      return parity;
    } catch (error) {
      if (id !== undefined) await this.#giveUp(id);
      tell({ state: 'failed', fault: messageOf(error) });
      throw error;
    } finally {
      if (id !== undefined) this.#building.delete(id);
    }
  }

  /** Follows the group that served before until it has caught up, then lets it serve again. A failure is told, and changes nothing. */
  rollBack(order: RollBackOrder, report: Report): Promise<void> {
    return this.#working.take(() => this.#rollBack(order, report));
  }

  async #rollBack({ taskId, names, to, ready, signal }: RollBackOrder, report: Report): Promise<void> {
    const { store, projections } = this.ports;
    const all = together(projections.plain, names);
    const tell = teller(taskId, all, report);
    let id: string | undefined;
    try {
      const pointers = (await store.pointers()).filter(({ projection }) => all.includes(projection));
      if (to !== undefined && pointers.every(({ group }) => group === to)) {
        // Begun again after a crash: it was switched already, and once more would switch forward.
        tell({ state: 'done', progress: 1 });
        return;
      }
      const previous = to ?? pointers[0]?.previous;
      const opened = previous === undefined ? undefined : await openGroup(store, previous, projections);
      if (opened === undefined || pointers.some((pointer) => pointer.previous !== previous)) {
        throw new Error('no group of this build served all of them before');
      }
      const model = opened.mine.find((one) => all.includes(one.name) && one.model !== undefined)?.model;
      const served = await modelOf(pointers, store, projections);
      if (model === undefined && served !== undefined) {
        throw new Error('no model was active before, and one that is can only be followed by another');
      }
      id = opened.group.id;
      this.#building.add(id);
      tell({ state: 'following', progress: 1 });
      // It may serve other projections still.
      await this.#followOpened(opened);
      await this.#caughtUp(opened.group, signal);
      if (model !== undefined && model !== served) await ready(model);
      this.#goOn(signal);
      await this.#switchTo(id, all);
      tell({ state: 'done' });
    } catch (error) {
      tell({ state: 'failed', fault: messageOf(error) });
    } finally {
      if (id !== undefined) this.#building.delete(id);
    }
  }

  /** Has whoever folds them try all streams again that are parked in the groups that serve these projections. */
  retryParked(order: RetryOrder, report: Report): Promise<void> {
    return this.#working.take(() => this.#retryParked(order, report));
  }

  async #retryParked({ taskId, names, signal }: RetryOrder, report: Report): Promise<void> {
    const { store, projections } = this.ports;
    const tell = teller(taskId, names, report);
    try {
      const groups: DocumentGroup[] = [];
      const serving = (await store.pointers()).filter(({ projection }) => names.includes(projection));
      for (const id of new Set(serving.map(({ group }) => group))) {
        const opened = await openGroup(store, id, projections);
        if (opened !== undefined) groups.push(opened.group);
      }
      tell({ state: 'following', progress: 1 });
      for (const group of groups) await group.markParked();
      let parked = 0;
      for (const group of groups) {
        while ((await group.parked(undefined, 1, 'retry')).length > 0) {
          this.#goOn(signal);
          await pause(CATCH_UP_POLL_MS, this.#stopped.signal);
        }
        parked += await group.countParked();
      }
      tell({ state: 'done', parked });
    } catch (error) {
      tell({ state: 'failed', fault: messageOf(error) });
    }
  }

  /** Id of the model that the served segments were made with. */
  async servingModel(): Promise<string | undefined> {
    const { store, projections } = this.ports;
    return modelOf(await store.pointers(), store, projections);
  }

  /** Throws where this process is to stop, or can't follow any more, or somebody else has taken over what it does. */
  #goOn(signal: AbortSignal | undefined): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#stopped.signal.aborted || signal?.aborted === true)
      throw new Error('stopped before it was done');
  }

  /** Follows what serves, and nothing else but what is being built. Answers the projections that are served. */
  async #followServing(): Promise<ReadonlySet<string>> {
    const { store, projections } = this.ports;
    const pointers = await store.pointers();
    const serving = new Set(pointers.map(({ group }) => group));
    const served = new Set<string>();
    for (const id of serving) {
      const opened = await openGroup(store, id, projections);
      if (opened === undefined) continue;
      for (const { projection, group } of pointers) if (group === id) served.add(projection);
      await this.#followOpened(opened);
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

  /** Where it is not followed yet. This build may be the one that can fold what is parked: it tries once. */
  async #followOpened({ group, mine }: OpenedGroup): Promise<void> {
    if (this.#following.has(group.id)) return;
    await this.#leaving.get(group.id);
    await group.markParked();
    if (!this.#following.has(group.id)) this.#follow(this.#projectorOf(group, mine));
  }

  #projectorOf(group: DocumentGroup, projections: readonly Projection<SeenEvent>[]): GroupProjector {
    return new GroupProjector({ ...this.ports, group, projections });
  }

  #with(model: string | undefined): Promise<readonly Projection<SeenEvent>[]> {
    const { projections } = this.ports;
    return model === undefined ? Promise.resolve(projections.plain) : projections.with(model);
  }

  #follow(projector: GroupProjector): void {
    const { log, feed, onTrouble } = this.ports;
    const stop = new AbortController();
    const follower = new GroupFollower(projector, log, feed, onTrouble);
    const ended = follower.run(stop.signal).catch((error: unknown) => this.#fail(error));
    this.#following.set(projector.group.id, { follower, stop, ended });
  }

  /** From now on it is not followed, also while what is under way ends: whoever wants it followed has to begin anew. */
  async #leave(id: string): Promise<void> {
    const following = this.#following.get(id);
    if (following === undefined) return this.#leaving.get(id);
    this.#following.delete(id);
    following.stop.abort();
    this.#leaving.set(id, following.ended);
    await following.ended;
    this.#leaving.delete(id);
  }

  #fail(error: unknown): void {
    this.#fault = error instanceof Error ? error : new Error('unknown fault');
    this.onFault(this.#fault);
  }

  /** Resolves when a built group has folded all that those that serve have folded, in every partition. */
  async #caughtUp(built: DocumentGroup, signal: AbortSignal | undefined): Promise<void> {
    const { store, projections, feed } = this.ports;
    for (;;) {
      await mustBeThere(store, built.id);
      if (!(await isBehind(built, store, projections, feed))) return;
      this.#goOn(signal);
      await pause(CATCH_UP_POLL_MS, this.#stopped.signal);
    }
  }

  async #compare(
    built: DocumentGroup,
    chosen: readonly Projection<SeenEvent>[],
    signal: AbortSignal | undefined,
  ): Promise<Parity> {
    const { store, projections } = this.ports;
    const served = new Map<string, DocumentGroup>();
    for (const { projection, group } of await store.pointers()) {
      const opened = await openGroup(store, group, projections);
      if (opened !== undefined) served.set(projection, opened.group);
    }
    const breatheOn = (): Promise<void> => {
      this.#goOn(signal);
      return breathe();
    };
    const servedBy = (projection: string): DocumentGroup => served.get(projection) ?? built;
    return compareGroups(built, servedBy, chosen, { breathe: breatheOn });
  }

  /** Points the queries to the new group. The one before stays, no longer followed; older ones go. */
  async #switchTo(id: string, names: readonly string[]): Promise<void> {
    const { store } = this.ports;
    await pointTo(store, id, names);
    const serving = await servingGroups(store);
    for (const group of this.#following.keys()) if (!serving.includes(group)) await this.#leave(group);
    // It is switched: what can't be dropped now the next task drops.
    await dropLeftovers(store).catch(() => undefined);
  }

  /** What failed may have been the last step, after the switch: then it serves. Where nobody can say, it stays. */
  async #giveUp(id: string): Promise<void> {
    try {
      if (!(await servingGroups(this.ports.store)).includes(id)) await this.#discard(id);
    } catch {
      // The next task drops it.
    }
  }

  async #discard(id: string): Promise<void> {
    await this.#leave(id);
    await this.ports.store.drop(id);
  }
}
