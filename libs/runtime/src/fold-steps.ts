import type { Change, Document, Parking, Progress, Projection, Recorded, StoredRecord } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { aboutRecord, parkingOf } from './parking';

/** A document that a batch's events touch, as it stands after those that are folded. */
export interface Touched {
  readonly projection: Projection<SeenEvent>;
  readonly key: string;
  document: Document | undefined;
  /** By which event last, and the greatest position of those that changed it; `undefined` where none did. */
  changed?: ChangedBy;
}

interface ChangedBy {
  readonly recorded: Recorded<SeenEvent>;
  readonly position: number;
}

/** One due event and the documents that it touches; `fault` where it can't be read, or nobody can say which it touches. */
export interface Step {
  readonly record: StoredRecord;
  readonly recorded?: Recorded<SeenEvent>;
  /** Each once. */
  readonly touches: readonly Touched[];
  readonly fault?: Parking;
}

/** Folds in order. All folds of an event are computed before any is kept. Answers how many events were folded. */
export function foldSteps(steps: readonly Step[], progress: Map<string, Progress>): number {
  const parked = new Set<string>();
  let folded = 0;
  for (const step of steps) {
    const { stream, rev: revision, position } = step.record;
    if (parked.has(stream)) continue;
    const fault = step.fault ?? foldTwice(step);
    if (fault === undefined) {
      progress.set(stream, { stream, revision, position });
      folded++;
      continue;
    }
    parked.add(stream);
    const before = progress.get(stream);
    progress.set(stream, {
      stream,
      revision: before?.revision ?? -1,
      position: before?.position ?? 0,
      parked: fault,
    });
  }
  return folded;
}

/** A throw that does not repeat parks nobody. */
function foldTwice(step: Step): Parking | undefined {
  return foldStep(step) === undefined ? undefined : foldStep(step);
}

function foldStep({ record, recorded, touches }: Step): Parking | undefined {
  if (recorded === undefined) return undefined;
  const results: (Document | undefined)[] = [];
  const changes: Record<string, Change> = {};
  for (const { projection, key, document: before } of touches) {
    try {
      const after = projection.fold(before, recorded, key, changes);
      results.push(after);
      if (key === recorded.customerId) changes[projection.name] = { before, after };
    } catch (error) {
      return parkingOf(aboutRecord(record), projection.name, error);
    }
  }
  for (const [i, entry] of touches.entries()) {
    const after = results[i];
    if (after === entry.document) continue;
    entry.document = after;
    entry.changed = {
      recorded,
      position: Math.max(recorded.position, entry.changed?.position ?? 0),
    };
  }
  return undefined;
}

/** With what the runtime keeps in every document. Done once a batch: a copy for each event costs more than the folds. */
export function stamped(
  document: Document | undefined,
  { name, version, model, shared }: Projection<SeenEvent>,
  { recorded, position }: ChangedBy,
): Document | undefined {
  if (document === undefined) return undefined;
  const { customerId, revision, bucket } = recorded;
  const made = model === undefined ? `${name}@${version}` : `${name}@${version}+${model}`;
  if (shared !== true) {
    return {
      ...document,
      _customer: customerId,
      _revision: revision,
      _position: position,
      _projection: made,
    };
  }
  const before = document['_position'];
  // A shared document is made by many streams, and a build folds them one after the other.
  const last = typeof before === 'number' && before > position ? before : position;
  return { ...document, _bucket: bucket, _position: last, _projection: made };
}
