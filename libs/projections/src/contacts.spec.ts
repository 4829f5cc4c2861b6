import type { Recorded } from '#libs/core';
import type { LedgerEvent, SeenEvent, TouchpointFacts } from '#libs/events';
import { folded, idAt, recorded, recordedAt, seededNumbers, shuffled, withoutSealed } from '#libs/testing';
import { contacts } from './contacts';

const FACTS = { channel: 'email', direction: 'inbound', kind: 'message' } as const;
const NAME = 'email/inbound/message';

const said = (change: Partial<TouchpointFacts> = {}): LedgerEvent => ({
  type: 'touchpoint-recorded.v1',
  data: { ...FACTS, ...change },
});
const corrected = (was: TouchpointFacts, now: TouchpointFacts): LedgerEvent => ({
  type: 'touchpoint-corrected.v1',
  data: { touchpointId: idAt(0), was, now, reason: 'r' },
});
const redacted = (was: TouchpointFacts): LedgerEvent => ({
  type: 'touchpoint-redacted.v1',
  data: { touchpointId: idAt(0), was, reason: 'r' },
});

/** 31 days, all 0 but these. */
const days = (counts: Readonly<Record<number, number>>): number[] =>
  Array.from({ length: 31 }, (_, i) => counts[i + 1] ?? 0);
const contactsOf = (...events: readonly LedgerEvent[]) => folded(contacts, recorded(events));
const inBucket = (bucket: number, events: readonly Recorded<SeenEvent>[]) =>
  events.map((one) => ({ ...one, bucket }));

it('counts touchpoints by channel, direction, kind and UTC day of when they happened', () => {
  const late = said({ occurredAt: '2024-12-31T23:59:59.999Z', channel: 'voice', kind: 'call' });
  const next = said({ occurredAt: '2025-01-01T00:00:00.000Z' });
  expect(contactsOf(said(), late, said(), next)).toEqual({
    '0/2026-02': { month: '2026-02', counts: { [NAME]: days({ 1: 2 }) } },
    '0/2024-12': { month: '2024-12', counts: { 'voice/inbound/call': days({ 31: 1 }) } },
    '0/2025-01': { month: '2025-01', counts: { [NAME]: days({ 1: 1 }) } },
  });
});

it('counts nothing else', () => {
  const money = { amount: '1', currency: 'EUR' };
  const others: LedgerEvent[] = [
    { type: 'customer-registered.v1', data: { identifiers: [{ type: 'crm', value: '1' }] } },
    { type: 'touchpoint-annotated.v1', data: { touchpointId: idAt(0), text: 't' } },
    { type: 'touchpoint-status-reported.v1', data: { touchpointId: idAt(0), status: 'opened' } },
    { type: 'purchase-recorded.v1', data: { orderId: 'o', total: money } },
    { type: 'survey-answered.v1', data: { instrument: 'nps', score: 9 } },
    { type: 'feedback-received.v1', data: { type: 'praise', content: 'c' } },
  ];
  expect(contactsOf(...others)).toEqual({});
});

describe('a correction', () => {
  const was = { ...FACTS, occurredAt: recordedAt(0) };

  it('moves a contact to another channel and kind', () => {
    const now = { ...was, channel: 'voice', kind: 'call' } as const;
    expect(contactsOf(said(), said(), corrected(was, now))).toEqual({
      '0/2026-02': {
        month: '2026-02',
        counts: { [NAME]: days({ 1: 1 }), 'voice/inbound/call': days({ 1: 1 }) },
      },
    });
  });

  it('moves it to another day and another month; what is 0 is left out, what is empty stays', () => {
    const now = { ...was, occurredAt: '2026-02-28T12:00:00.000Z' };
    const later = { ...was, occurredAt: '2026-03-31T12:00:00.000Z' };
    expect(contactsOf(said(), corrected(was, now))['0/2026-02']?.['counts']).toEqual({
      [NAME]: days({ 28: 1 }),
    });
    expect(contactsOf(said(), corrected(was, now), corrected(now, later))).toEqual({
      '0/2026-02': { month: '2026-02', counts: {} },
      '0/2026-03': { month: '2026-03', counts: { [NAME]: days({ 31: 1 }) } },
    });
  });

  it('of what is not counted touches no document', () => {
    const [, correction] = recorded([said(), corrected(was, { ...was, agent: 'ann', durationSeconds: 3 })]);
    expect(correction && contacts.keysOf(correction)).toEqual([]);
  });
});

it('a redaction takes its touchpoint out where it stands after its corrections', () => {
  const was = { ...FACTS, occurredAt: recordedAt(0) };
  const now = { ...was, channel: 'sms', occurredAt: '2026-01-09T00:00:00.000Z' } as const;
  expect(contactsOf(said(), said(), corrected(was, now), redacted(now))).toEqual({
    '0/2026-02': { month: '2026-02', counts: { [NAME]: days({ 1: 1 }) } },
    '0/2026-01': { month: '2026-01', counts: {} },
  });
});

it('reads nothing that is sealed', () => {
  const was = { ...FACTS, occurredAt: recordedAt(0) };
  const now = { ...was, channel: 'sms' } as const;
  const events = recorded([said({ channel: 'email' }), corrected(was, now), redacted(now), said()]);
  expect(folded(contacts, events.map(withoutSealed))).toEqual(folded(contacts, events));
});

it('keeps buckets apart', () => {
  const events = recorded([said()]);
  expect(folded(contacts, [...inBucket(7, events), ...inBucket(11, events)])).toEqual({
    '7/2026-02': { month: '2026-02', counts: { [NAME]: days({ 1: 1 }) } },
    '11/2026-02': { month: '2026-02', counts: { [NAME]: days({ 1: 1 }) } },
  });
});

it('is the same in any order of events; counters may be negative on the way', () => {
  const was = { ...FACTS, occurredAt: recordedAt(0) };
  const now = { ...was, channel: 'sms', occurredAt: '2026-01-09T00:00:00.000Z' } as const;
  const events = recorded([said(), corrected(was, now), redacted(now), said(), said({ channel: 'web' })]);
  const [, correction] = events;
  expect(correction && folded(contacts, [correction])).toMatchObject({
    '0/2026-02': { counts: { [NAME]: days({ 1: -1 }) } },
    '0/2026-01': { counts: { 'sms/inbound/message': days({ 9: 1 }) } },
  });
  const random = seededNumbers(7);
  for (let round = 0; round < 50; round++) {
    expect(folded(contacts, shuffled(events, random))).toEqual(folded(contacts, events));
  }
});
