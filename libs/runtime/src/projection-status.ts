import type { Checkpoint, DocumentsDefinition, DocumentStore, EventFeed, EventLog } from '#libs/core';
import { parseEnvelope } from '#libs/trust';
import { openGroup } from './open-group';
import type { ProjectionStatus } from './projection-admin';

export interface StatusPorts {
  readonly log: EventLog;
  readonly feed: EventFeed;
  readonly store: DocumentStore;
  readonly projections: readonly DocumentsDefinition[];
}

type Checkpoints = ReadonlyMap<number, Checkpoint>;

/** Which group serves each projection, and how far behind the log it is. */
export async function projectionStatuses(ports: StatusPorts): Promise<readonly ProjectionStatus[]> {
  const { log, feed, store, projections } = ports;
  const ends = await feed.ends();
  const lags = new Map<string, { lagEvents: number; lagSeconds: number }>();
  const statuses: ProjectionStatus[] = [];
  for (const { projection, group } of await store.pointers()) {
    const definition = projections.find(({ name }) => name === projection);
    const opened = await openGroup(store, group, projections);
    if (definition === undefined || opened === undefined) continue;
    let lag = lags.get(group);
    if (lag === undefined) {
      const checkpoints = await opened.group.checkpoints();
      lag = { lagEvents: behind(checkpoints, ends), lagSeconds: await age(log, checkpoints, ends) };
      lags.set(group, lag);
    }
    statuses.push({ name: projection, version: definition.version, group, ...lag, parked: [] });
  }
  return statuses;
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
