import { customerOf } from '#libs/core';
import type { Checkpoint, DocumentGroup, DocumentStore, EventFeed, EventLog } from '#libs/core';
import { parseEnvelope } from '#libs/trust';
import { openGroup } from './open-group';
import type { ProjectionSet } from './projection-set';
import type { ParkedCustomer, ProjectionStatus } from './projection-admin';

export interface StatusPorts {
  readonly log: EventLog;
  readonly feed: EventFeed;
  readonly store: DocumentStore;
  readonly projections: ProjectionSet;
}

/** Parked customers named one by one; all of them are counted. */
const MAX_PARKED_NAMED = 100;

type Checkpoints = ReadonlyMap<number, Checkpoint>;

/** Which group serves each projection, and how far behind the log it is. */
export async function projectionStatuses(ports: StatusPorts): Promise<readonly ProjectionStatus[]> {
  const { log, feed, store, projections } = ports;
  const ends = await feed.ends();
  const states = new Map<string, Omit<ProjectionStatus, 'name' | 'version' | 'group' | 'model'>>();
  const statuses: ProjectionStatus[] = [];
  for (const { projection, group } of await store.pointers()) {
    const opened = await openGroup(store, group, projections);
    const definition = opened?.mine.find(({ name }) => name === projection);
    if (definition === undefined || opened === undefined) continue;
    let state = states.get(group);
    if (state === undefined) {
      const checkpoints = await opened.group.checkpoints();
      const lag = { lagEvents: behind(checkpoints, ends), lagSeconds: await age(log, checkpoints, ends) };
      state = { ...lag, ...(await parkedIn(opened.group)) };
      states.set(group, state);
    }
    const { version, model } = definition;
    statuses.push({ name: projection, version, ...(model === undefined ? {} : { model }), group, ...state });
  }
  return statuses;
}

async function parkedIn(
  group: DocumentGroup,
): Promise<{ parkedCount: number; parked: readonly ParkedCustomer[] }> {
  const parkedCount = await group.countParked();
  if (parkedCount === 0) return { parkedCount, parked: [] };
  const first = await group.parked(undefined, MAX_PARKED_NAMED);
  const parked = first.map(({ stream, revision, parked: why }) => ({
    customerId: customerOf(stream) ?? stream,
    revision,
    since: why?.since ?? '',
    reason: why?.reason ?? '',
  }));
  return { parkedCount, parked };
}

/** Events of the feed after the checkpoints. A partition of another topic counts from the start. */
function behind(checkpoints: Checkpoints, ends: Checkpoints): number {
  let events = 0;
  for (const [partition, end] of ends) {
    events += Math.max(0, end.offset - reached(checkpoints.get(partition), end));
  }
  return events;
}

function reached(own: Checkpoint | undefined, end: Checkpoint): number {
  return own?.topicId === end.topicId ? own.offset : 0;
}

/** Seconds since the first event that no checkpoint has passed was recorded. */
async function age(log: EventLog, checkpoints: Checkpoints, ends: Checkpoints): Promise<number> {
  const last = await log.lastPosition();
  let oldest = last;
  for (const [partition, end] of ends) {
    const own = checkpoints.get(partition);
    // A partition that is folded to its end has folded everything that the feed was given.
    const position = own?.position ?? 0;
    oldest = Math.min(oldest, reached(own, end) >= end.offset ? Math.max(position, end.position) : position);
  }
  if (oldest >= last) return 0;
  const [first] = await log.readAll(oldest, 1);
  if (first === undefined) return 0;
  return Math.max(0, (Date.now() - Date.parse(parseEnvelope(first.env).at)) / 1000);
}
