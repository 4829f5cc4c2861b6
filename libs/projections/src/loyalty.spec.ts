import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recorded } from '#libs/core';
import { parseEvent, SCORES } from '#libs/events';
import type { LedgerEvent, SeenEvent, TouchpointFacts } from '#libs/events';
import { SURVEY_SCALES } from '#libs/insight';
import { CUSTOMER_ID, folded, idAt, recorded, recordedAt } from '#libs/testing';
import { loyalty, loyaltyAnswer } from './loyalty';

const documentOf = (...events: readonly LedgerEvent[]) => folded(loyalty, recorded(events))[CUSTOMER_ID];
const componentsOf = (...events: readonly LedgerEvent[]) => loyaltyAnswer(documentOf(...events)).components;

const at = (hours: number): string => new Date(Date.parse(recordedAt(0)) + hours * 3_600_000).toISOString();
const facts = (hours: number, direction: 'inbound' | 'outbound', outcome?: string): TouchpointFacts => ({
  channel: 'email',
  kind: 'message',
  direction,
  occurredAt: at(hours),
  ...(outcome === undefined ? {} : { outcome }),
});
const said = (data: TouchpointFacts): LedgerEvent => ({ type: 'touchpoint-recorded.v1', data });
const outbound = (hours: number): LedgerEvent => said(facts(hours, 'outbound'));
const corrected = (revision: number, was: TouchpointFacts, now: TouchpointFacts): LedgerEvent => ({
  type: 'touchpoint-corrected.v1',
  data: { touchpointId: idAt(revision), was, now, reason: 'r' },
});
const redacted = (revision: number, was: TouchpointFacts): LedgerEvent => ({
  type: 'touchpoint-redacted.v1',
  data: { touchpointId: idAt(revision), was, reason: 'r' },
});
const complained = (hours: number): LedgerEvent => ({
  type: 'feedback-received.v1',
  data: { type: 'complaint', content: 'c', occurredAt: at(hours) },
});
const rated = (instrument: 'csat' | 'nps' | 'ces' | 'cci', score: number): LedgerEvent => ({
  type: 'survey-answered.v1',
  data: { instrument, score },
});
const bought = (hours = 0): LedgerEvent => ({
  type: 'purchase-recorded.v1',
  data: { orderId: 'o', total: { amount: '1', currency: 'EUR' }, occurredAt: at(hours) },
});
const refunded: LedgerEvent = {
  type: 'purchase-refunded.v1',
  data: { orderId: 'o', amount: { amount: '1', currency: 'EUR' } },
};

it('is the example of docs/loyalty.md', () => {
  const page = readFileSync(join(__dirname, '../../../docs/loyalty.md'), 'utf8');
  const block = /```json\n(\[.*?\n\])\n```/s.exec(page)?.[1] ?? '[]';
  const example: { occurredAt: string; type: string; data: object }[] = JSON.parse(block);
  const [shape] = recorded([refunded]);
  const events = example.flatMap(({ occurredAt, type, data }, revision): Recorded<SeenEvent>[] =>
    shape === undefined
      ? []
      : [{ ...shape, event: parseEvent(type, data), id: idAt(revision), revision, occurredAt }],
  );
  const { score, tier, components } = loyaltyAnswer(folded(loyalty, events)[CUSTOMER_ID]);
  expect(page).toContain(`Score **${score}**, tier **${tier}**`);
  expect(events).toHaveLength(16);
  const rows = page.slice(page.indexOf('## An example')).matchAll(/^\| `(\w+)` +\| ([\d.]+) +\| (\d+) +\|/gm);
  const numbers = Array.from(rows, ([, name, value, count]) => [name, Number(value), Number(count)]);
  const computed = Object.entries(components).map(([name, { value, fromCount }]) => [
    name,
    Math.round(value * 1e6) / 1e6,
    fromCount,
  ]);
  expect(computed).toEqual(numbers);
});

it('knows the scales of the record', () => {
  const scales = Object.entries(SURVEY_SCALES).map(([name, { lowest, steps }]) => [
    name,
    [lowest, lowest + steps],
  ]);
  expect(Object.fromEntries(scales)).toEqual(SCORES);
});

it('of nobody says how everything was filled in', () => {
  const nothing = { from: [], fromCount: 0 };
  expect(loyaltyAnswer(undefined)).toEqual({
    score: 0,
    tier: 'none',
    model: { name: 'mission-formula', version: 1 },
    components: {
      serviceQuality: { value: 0.5, filled: 'neutral', ...nothing },
      needsMet: { value: 0.5, filled: 'neutral', ...nothing },
      feedbackHandling: { value: 1, filled: 'nothing-to-handle', ...nothing },
      satisfaction: { value: 0.25, ...nothing },
      purchaseFrequency: { value: 0, filled: 'no-purchases', ...nothing },
      inclination: { value: 0.5, filled: 'neutral', ...nothing },
    },
  });
});

it('keeps inputs, score in hundredths and tier', () => {
  const [at0, at9] = [Date.parse(at(0)), Date.parse(at(9))];
  expect(
    documentOf(bought(), rated('csat', 4), complained(1), said(facts(9, 'outbound', 'resolved'))),
  ).toEqual({
    firstAtMs: at0,
    lastAtMs: at9,
    purchases: 1,
    purchaseFrom: [[0, idAt(0)]],
    csatAnswers: 1,
    csatPoints: 3,
    serviceFrom: [[1, idAt(1)]],
    complaints: [
      [
        [Date.parse(at(1)), 2, idAt(2)],
        [at9, 3, idAt(3)],
      ],
    ],
    outbound: [[at9, 3, idAt(3)]],
    outcomes: 1,
    resolved: 1,
    needsFrom: [[3, idAt(3)]],
    // √(0.75 × 1 × 0.75) × 1 / (9/720 + 6) × 1
    score: 1247,
    tier: 'bronze',
  });
});

it('does not write again what an event changes nothing of', () => {
  const before = recorded([said(facts(0, 'inbound')), bought(5)]);
  const [, , late] = recorded([bought(), bought(), said(facts(3, 'inbound'))]);
  const document = folded(loyalty, before)[CUSTOMER_ID];
  if (late === undefined) throw new Error('no event');
  expect(loyalty.fold(document, late, CUSTOMER_ID, {})).toBe(document);
});

it('belongs to customers only', () => {
  const [one] = recorded([refunded]);
  if (one === undefined) throw new Error('no event');
  expect(loyalty.keysOf(one)).toEqual([CUSTOMER_ID]);
  expect(loyalty.keysOf({ ...one, customerId: '' })).toEqual([]);
});

describe('purchases', () => {
  it('are counted over the span of all events, which corrections widen and never shrink', () => {
    const frequency = (...events: readonly LedgerEvent[]) => componentsOf(...events).purchaseFrequency;
    const [was, now] = [facts(0, 'inbound'), facts(4320, 'inbound')];
    const one = { from: [idAt(0)], fromCount: 1 };
    expect(frequency(bought())).toEqual({ value: 1 / 6, ...one });
    expect(frequency(bought(), said(facts(2160, 'inbound')))).toEqual({ value: 1 / 9, ...one });
    expect(frequency(bought(), said(was), corrected(1, was, now))).toEqual({ value: 1 / 12, ...one });
    expect(frequency(bought(), said(now), corrected(1, now, was))).toEqual({ value: 1 / 12, ...one });
  });

  it('are what inclination is filled in with, refunds named too', () => {
    expect(componentsOf(bought(), refunded, bought())).toMatchObject({
      inclination: {
        value: 0.5,
        filled: 'purchases-kept',
        from: [idAt(0), idAt(1), idAt(2)],
        fromCount: 3,
      },
    });
    expect(componentsOf(bought(), refunded, rated('nps', 9))).toMatchObject({
      inclination: { value: 0.9, from: [idAt(2)], fromCount: 1 },
    });
  });
});

describe('needs met', () => {
  const needs = (...events: readonly LedgerEvent[]) => componentsOf(...events).needsMet;
  const [open, done, none] = [
    facts(1, 'inbound', 'open'),
    facts(1, 'inbound', 'resolved'),
    facts(1, 'inbound'),
  ];

  it('follow corrections', () => {
    const both = { from: [idAt(0), idAt(1)], fromCount: 2 };
    expect(needs(said(open), said(done))).toEqual({ value: 0.5, ...both });
    expect(needs(said(open), said(done), corrected(0, open, done))).toEqual({ value: 1, ...both });
    expect(needs(said(open), said(done), corrected(0, open, none))).toEqual({
      value: 1,
      from: [idAt(1)],
      fromCount: 1,
    });
    // Named where it got its outcome.
    expect(needs(said(none), said(done), corrected(0, none, open))).toEqual({
      value: 0.5,
      from: [idAt(1), idAt(0)],
      fromCount: 2,
    });
  });

  it('leave out what is redacted', () => {
    expect(needs(said(open), said(done), redacted(0, open))).toEqual({
      value: 1,
      from: [idAt(1)],
      fromCount: 1,
    });
    expect(needs(said(open), redacted(0, open))).toEqual({
      value: 0.5,
      filled: 'neutral',
      from: [],
      fromCount: 0,
    });
  });
});

describe('a complaint', () => {
  const handling = (...events: readonly LedgerEvent[]) => componentsOf(...events).feedbackHandling;
  const worth = (hours: number): number => 24 / (24 + hours);

  it('is worth nothing until the first outbound touchpoint at or after it', () => {
    expect(handling(complained(1))).toEqual({ value: 0, from: [idAt(0)], fromCount: 1 });
    expect(handling(outbound(0), complained(1), said(facts(2, 'inbound')))).toMatchObject({ value: 0 });
    const two = { from: [idAt(0), idAt(1)], fromCount: 2 };
    expect(handling(complained(1), outbound(1), outbound(2))).toEqual({ value: 1, ...two });
    expect(handling(complained(1), outbound(25), outbound(80))).toEqual({ value: 0.5, ...two });
  });

  it('is the same recorded late', () => {
    const late = { value: worth(2), fromCount: 2 };
    expect(handling(outbound(0), outbound(3), outbound(9), complained(1))).toMatchObject(late);
    expect(handling(complained(1), outbound(9), outbound(3))).toMatchObject({
      ...late,
      from: [idAt(0), idAt(2)],
    });
  });

  it('shares an answer with others', () => {
    expect(handling(complained(0), complained(16), outbound(24))).toEqual({
      value: (0.5 + 0.75) / 2,
      from: [idAt(0), idAt(1), idAt(2)],
      fromCount: 3,
    });
  });

  it('is answered by the next one where its answer moves, was inbound or is redacted', () => {
    const [first, next] = [facts(2, 'outbound'), facts(7, 'outbound')];
    const story = [complained(1), said(first), said(next)];
    expect(handling(...story, corrected(1, first, facts(4, 'outbound')))).toMatchObject({ value: worth(3) });
    expect(handling(...story, corrected(1, first, facts(0, 'outbound')))).toMatchObject({ value: worth(6) });
    expect(handling(...story, corrected(1, first, facts(2, 'inbound')))).toMatchObject({ value: worth(6) });
    expect(handling(...story, redacted(1, first))).toEqual({
      value: worth(6),
      from: [idAt(0), idAt(2)],
      fromCount: 2,
    });
    expect(handling(...story, redacted(1, first), redacted(2, next))).toMatchObject({ value: 0 });
    const inbound = facts(3, 'inbound');
    expect(handling(complained(1), said(inbound), corrected(1, inbound, facts(3, 'outbound')))).toMatchObject(
      {
        value: worth(2),
      },
    );
  });

  it('is no other feedback', () => {
    const praise: LedgerEvent = { type: 'feedback-received.v1', data: { type: 'praise', content: 'c' } };
    expect(handling(praise)).toMatchObject({ value: 1, filled: 'nothing-to-handle' });
  });
});

describe('what is bounded', () => {
  it('names the latest 20 events and says how many there are', () => {
    const answers = Array.from({ length: 30 }, () => rated('csat', 5));
    const open = facts(1, 'inbound', 'open');
    const components = componentsOf(...answers, said(open));
    expect(components.serviceQuality).toMatchObject({
      value: 1,
      from: Array.from({ length: 20 }, (_, place) => idAt(10 + place)),
      fromCount: 30,
    });
    expect(components.satisfaction.from).toEqual(Array.from({ length: 20 }, (_, place) => idAt(11 + place)));
    expect(components.satisfaction.fromCount).toBe(31);
  });

  it('names an event once that is behind two numbers', () => {
    const components = componentsOf(complained(0), said(facts(0, 'outbound', 'resolved')));
    expect(components.satisfaction).toEqual({ value: 0.5, from: [idAt(0), idAt(1)], fromCount: 3 });
  });

  it('keeps 50 complaints and 50 outbound touchpoints; older complaints count on as they stood', () => {
    const first = facts(8, 'outbound');
    // One answered after 8 hours and 60 at once.
    const pairs = Array.from({ length: 60 }, (_, n) => [complained(100 + n), outbound(100 + n)]).flat();
    const story = [complained(0), said(first), ...pairs];
    const document = documentOf(...story);
    expect(document?.['complaints']).toHaveLength(50);
    expect(document?.['outbound']).toHaveLength(50);
    expect(document).toMatchObject({
      pastComplaints: 11,
      pastAnswers: 11,
      pastHandlingMillionths: 10_750_000,
    });
    const handling = loyaltyAnswer(document).components.feedbackHandling;
    expect(handling.value).toBeCloseTo((0.75 + 60) / 61, 12);
    expect(handling.fromCount).toBe(122);
    // Its answer goes, and comes again: nothing changes.
    const after = documentOf(...story, redacted(1, first));
    expect(after).toMatchObject({ pastHandlingMillionths: 10_750_000, complaints: document?.['complaints'] });
  });
});
