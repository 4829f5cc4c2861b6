import { isRefused } from '#libs/core';
import type { Change, Document, Projection, Recorded } from '#libs/core';
import { decideCommand, evolveStream, initialStreamState, targetOf } from '#libs/domain';
import type { LedgerCommand, Target } from '#libs/domain';
import { definitionOf, parseEvent } from '#libs/events';
import type { LedgerEvent, SeenEvent } from '#libs/events';
import { uuidOf } from './opaque-records';

/** The customer that every event of these tests is about. */
export const CUSTOMER_ID = uuidOf(0xc);
const FIRST_AT_MS = Date.parse('2026-02-01T00:00:00.000Z');
const MINUTE_MS = 60_000;

/** Id of the event at a revision. */
export function idAt(revision: number): string {
  return uuidOf(0xe00 + revision);
}

/** When the event at a revision was recorded: a minute after the one before. */
export function recordedAt(revision: number): string {
  return new Date(FIRST_AT_MS + revision * MINUTE_MS).toISOString();
}

/** Events as a fold sees them, at revisions from 0 on. Each must be one that could have been appended. */
export function recorded(events: readonly LedgerEvent[]): readonly Recorded<SeenEvent>[] {
  return events.map((event, revision) => {
    definitionOf(event.type).parse(event.data);
    const own = 'occurredAt' in event.data ? event.data.occurredAt : undefined;
    return {
      event,
      id: idAt(revision),
      stream: `customer-${CUSTOMER_ID}`,
      customerId: CUSTOMER_ID,
      revision,
      position: 10 * (revision + 1),
      recordedAt: recordedAt(revision),
      occurredAt: own ?? recordedAt(revision),
      bucket: 0,
    };
  });
}

/** The same event once its blobs are gone. */
export function withoutSealed(one: Recorded<SeenEvent>): Recorded<SeenEvent> {
  const fields: Readonly<Record<string, { readonly privacy: string }>> = definitionOf(one.event.type).fields;
  const clear = Object.entries(one.event.data).filter(([name]) => fields[name]?.privacy === 'clear');
  return { ...one, event: parseEvent(one.event.type, Object.fromEntries(clear)) };
}

export type Documents = Readonly<Record<string, Document>>;

/** Folds events into documents by key, as a projector does. `earlier`: the projections that it is folded after. */
export function folded(
  projection: Projection<SeenEvent>,
  events: readonly Recorded<SeenEvent>[],
  earlier: readonly Projection<SeenEvent>[] = [],
): Documents {
  const all = [...earlier, projection].map((one) => ({ one, documents: new Map<string, Document>() }));
  for (const event of events) {
    const changes: Record<string, Change> = {};
    for (const { one, documents } of all) {
      for (const key of one.keysOf(event)) {
        const before = documents.get(key);
        const after = one.fold(before, event, key, changes);
        if (after === undefined) documents.delete(key);
        else documents.set(key, after);
        if (key === event.customerId) changes[one.name] = { before, after };
      }
    }
  }
  return Object.fromEntries(all[all.length - 1]?.documents ?? []);
}

/** `given(…events).when(command)`: the events that it leads to, or the code with which it is refused. */
export function given(...events: readonly LedgerEvent[]) {
  const past = recorded(events);
  const state = past.reduce((before, { event }) => evolveStream(before, event), initialStreamState);
  return {
    when(command: LedgerCommand, now = recordedAt(past.length)): readonly LedgerEvent[] | string {
      const decision = decideCommand(command, state, now, targetOfCommand(command, past));
      if (isRefused(decision)) return decision.refused.code;
      for (const { type, data } of decision) definitionOf(type).parse(data);
      return decision;
    },
  };
}

/** What the runtime looks up before a decision: the touchpoint, and the latest event that carries its state. */
function targetOfCommand(command: LedgerCommand, past: readonly Recorded<SeenEvent>[]): Target | undefined {
  if (!('eventId' in command.body)) return undefined;
  const { eventId } = command.body;
  const found = past.find(({ id }) => id === eventId);
  const state = past.findLast(
    ({ event }) => event.type === 'touchpoint-corrected.v1' && event.data.touchpointId === eventId,
  );
  return found === undefined ? undefined : targetOf(eventId, found.recordedAt, found.event, state?.event);
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function seededNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A copy in an order that only the seed decides. */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
