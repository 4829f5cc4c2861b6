import type { LedgerEvent } from '#libs/events';
import { folded, idAt, recorded, withoutSealed } from '#libs/testing';
import { satisfaction } from './satisfaction';

type Answer = Extract<LedgerEvent, { type: 'survey-answered.v1' }>['data'];
const answered = (
  instrument: Answer['instrument'],
  score: number,
  more: Partial<Answer> = {},
): LedgerEvent => ({ type: 'survey-answered.v1', data: { instrument, score, ...more } });

/** 31 days, all 0 but these. */
const days = (counts: Readonly<Record<number, number>>): number[] =>
  Array.from({ length: 31 }, (_, i) => counts[i + 1] ?? 0);

it('counts answers by instrument, score and UTC day of when they were given', () => {
  const events = [
    answered('csat', 5),
    answered('csat', 5, { occurredAt: '2026-02-28T23:59:59.999Z' }),
    answered('csat', 5, { occurredAt: '2026-03-01T00:00:00.000Z' }),
    answered('csat', 1),
    answered('nps', 0),
    answered('nps', 10),
    answered('ces', 7),
  ];
  expect(folded(satisfaction, recorded(events))).toEqual({
    '0/2026-02': {
      month: '2026-02',
      counts: {
        'csat/5': days({ 1: 1, 28: 1 }),
        'csat/1': days({ 1: 1 }),
        'nps/0': days({ 1: 1 }),
        'nps/10': days({ 1: 1 }),
        'ces/7': days({ 1: 1 }),
      },
    },
    '0/2026-03': { month: '2026-03', counts: { 'csat/5': days({ 1: 1 }) } },
  });
});

it('has number and sum of a CCI', () => {
  const events = recorded([answered('cci', 0), answered('cci', 100), answered('cci', 37)]);
  expect(folded(satisfaction, events.slice(0, 1))['0/2026-02']?.['counts']).toEqual({
    'cci/answers': days({ 1: 1 }),
  });
  expect(folded(satisfaction, events)['0/2026-02']?.['counts']).toEqual({
    'cci/answers': days({ 1: 3 }),
    'cci/sum': days({ 1: 137 }),
  });
});

it('counts an answer about a redacted touchpoint, and nothing that is no answer', () => {
  const facts = { channel: 'chat', direction: 'inbound', kind: 'message' } as const;
  const was = { ...facts, occurredAt: '2026-02-01T00:00:00.000Z' };
  const events: LedgerEvent[] = [
    { type: 'touchpoint-recorded.v1', data: facts },
    answered('csat', 4, { touchpointId: idAt(0), comment: 'fine' }),
    { type: 'touchpoint-redacted.v1', data: { touchpointId: idAt(0), was, reason: 'r' } },
    { type: 'feedback-received.v1', data: { type: 'praise', content: 'c', rating: 5 } },
  ];
  const expected = { '0/2026-02': { month: '2026-02', counts: { 'csat/4': days({ 1: 1 }) } } };
  expect(folded(satisfaction, recorded(events))).toEqual(expected);
  expect(folded(satisfaction, recorded(events).map(withoutSealed))).toEqual(expected);
});
