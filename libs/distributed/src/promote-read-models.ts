import { pause } from '#libs/core';
import type { Checkpoint, DocumentStore } from '#libs/core';
import { openGroup, Projector, Relay } from '#libs/runtime';
import type { ProjectorPorts, RelayPorts } from '#libs/runtime';
import { goOn, PromoteError } from './promote-steps';
import type { PromotePhase, PromoteWatch } from './promote-steps';

const POLL_MS = 50;
/** What has not moved for so long will not. */
const STALLED_MS = 120_000;

/** How far something has come; `done` where it need not go further. */
interface Course {
  readonly reached: number;
  readonly goal: number;
  readonly done: boolean;
  /** Why it is trying again. */
  readonly fault?: string | undefined;
}

/** Publishes the log until all that is in it now is published. */
export async function publishAll(ports: RelayPorts, watch: PromoteWatch): Promise<void> {
  const relay = new Relay(ports);
  const stop = new AbortController();
  let failed: unknown;
  const running = relay.run(stop.signal).catch((error: unknown) => (failed = error));
  const goal = await ports.log.lastPosition();
  try {
    await until('publishing', watch, async () => {
      if (failed !== undefined) throw failed;
      const { state, fault } = relay.status;
      const checkpoint = await ports.checkpoints.load();
      const reached = checkpoint?.position ?? 0;
      // Before it has opened the topic, what it knows may be of a topic that is gone.
      const open = state === 'relaying' || state === 'standby';
      return { reached, goal, done: open && reached >= goal, fault, count: checkpoint?.sequence ?? 0 };
    });
  } finally {
    stop.abort();
    await running;
  }
}

/** Folds what the feed holds now into all read models; those that are not there are made. */
export async function projectAll(
  ports: ProjectorPorts,
  watch: PromoteWatch,
  phase: PromotePhase = 'read models',
): Promise<void> {
  const projector = new Projector(ports, () => undefined);
  const ends = await ports.feed.ends();
  try {
    await projector.start();
    await until(phase, watch, async () => {
      if (projector.fault !== undefined) throw projector.fault;
      const served = await servedCheckpoints(ports);
      let reached = 0;
      let goal = 0;
      for (const checkpoints of served) {
        for (const [partition, end] of ends) {
          const mine = checkpoints.get(partition);
          goal += end.offset;
          if (mine?.topicId === end.topicId) reached += Math.min(mine.offset, end.offset);
        }
      }
      const groups = Math.max(1, served.length);
      return {
        reached,
        goal,
        done: served.length > 0 && reached >= goal,
        count: Math.floor(reached / groups),
      };
    });
  } finally {
    await projector.stop();
  }
}

async function servedCheckpoints({
  store,
  projections,
}: ProjectorPorts): Promise<readonly ReadonlyMap<number, Checkpoint>[]> {
  const served: ReadonlyMap<number, Checkpoint>[] = [];
  for (const id of await servingGroups(store)) {
    const opened = await openGroup(store, id, projections);
    if (opened !== undefined) served.push(await opened.group.checkpoints());
  }
  return served;
}

async function servingGroups(store: DocumentStore): Promise<readonly string[]> {
  return [...new Set((await store.pointers()).map(({ group }) => group))];
}

/** Looks now and then; throws when told to break off, or when nothing moves any more. */
async function until(
  phase: PromotePhase,
  watch: PromoteWatch,
  look: () => Promise<Course & { readonly count: number }>,
): Promise<void> {
  let movedAtMs = performance.now();
  let before = -1;
  for (;;) {
    goOn(watch);
    const { reached, goal, done, fault, count } = await look();
    watch.tell({ phase, share: goal === 0 ? 1 : Math.min(1, reached / goal), count });
    if (done) return;
    if (reached !== before) movedAtMs = performance.now();
    before = reached;
    if (performance.now() - movedAtMs > STALLED_MS) {
      const why = fault === undefined ? '' : ` (${fault})`;
      throw new PromoteError(
        `${phase}: nothing has moved for ${STALLED_MS / 1_000} s${why}; run again to go on`,
      );
    }
    await pause(POLL_MS);
  }
}
