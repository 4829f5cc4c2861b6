import type { Recorded } from '#libs/core';
import type { LedgerEvent, SeenEvent, TouchpointFacts } from '#libs/events';
import { CUSTOMER_ID, folded, idAt, recorded, recordedAt, seededNumbers, shuffled } from '#libs/testing';
import { loyalty, loyaltyAnswer } from './loyalty';

const HOUR_MS = 3_600_000;
const EVENTS = 30;
const ROUNDS = 60;
type Event = Recorded<SeenEvent>;

/** A story of customers' kinds of events at random times, where touchpoints are corrected and redacted later. */
function story(random: () => number): readonly Event[] {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  // Whole hours, so that some events happen at once; beyond the span in which events are recorded, both sides.
  const time = (): string =>
    new Date(Date.parse(recordedAt(0)) + Math.floor(random() * 300 - 150) * HOUR_MS).toISOString();
  const facts = (): TouchpointFacts & { occurredAt: string } => ({
    channel: 'email',
    kind: 'message',
    direction: random() < 0.6 ? 'outbound' : 'inbound',
    occurredAt: time(),
    ...(random() < 0.4 ? { outcome: random() < 0.5 ? 'resolved' : 'open' } : {}),
  });
  const standing = new Map<number, TouchpointFacts>();
  const next = (revision: number): LedgerEvent => {
    const kind = random();
    const [target, was] = pick([...standing]) ?? [];
    if (kind < 0.2 && target !== undefined && was !== undefined) {
      const about = { touchpointId: idAt(target), was, reason: 'r' };
      if (kind < 0.05) {
        standing.delete(target);
        return { type: 'touchpoint-redacted.v1', data: about };
      }
      const now = facts();
      standing.set(target, now);
      return { type: 'touchpoint-corrected.v1', data: { ...about, now } };
    }
    const occurredAt = time();
    if (kind < 0.6) {
      const data = facts();
      standing.set(revision, data);
      return { type: 'touchpoint-recorded.v1', data };
    }
    if (kind < 0.8)
      return { type: 'feedback-received.v1', data: { type: 'complaint', content: 'c', occurredAt } };
    const money = { amount: '1', currency: 'EUR' };
    if (kind < 0.9) return { type: 'purchase-recorded.v1', data: { orderId: 'o', total: money, occurredAt } };
    if (kind < 0.93)
      return { type: 'purchase-refunded.v1', data: { orderId: 'o', amount: money, occurredAt } };
    const instrument = pick(['csat', 'ces', 'nps', 'cci'] as const) ?? 'csat';
    return {
      type: 'survey-answered.v1',
      data: { instrument, score: 1 + Math.floor(random() * 5), occurredAt },
    };
  };
  return recorded(Array.from({ length: EVENTS }, (_, revision) => next(revision)));
}

/** The page docs/loyalty.md once more, from the whole history, with nothing of the code under test. */
function byHand(events: readonly Event[]) {
  const touchpoints = new Map<string, TouchpointFacts>();
  const complaints: number[] = [];
  const times: string[] = [];
  const scores: Record<string, number[]> = { csat: [], ces: [], nps: [], cci: [] };
  const counts: Record<string, number> = {};
  for (const { event, id, occurredAt } of events) {
    if (/^(touchpoint-recorded|purchase-|survey-|feedback-)/.test(event.type)) times.push(occurredAt);
    counts[event.type] = (counts[event.type] ?? 0) + 1;
    if (event.type === 'touchpoint-recorded.v1') touchpoints.set(id, event.data);
    if (event.type === 'touchpoint-corrected.v1') {
      touchpoints.set(event.data.touchpointId, event.data.now);
      times.push(event.data.now.occurredAt ?? '');
    }
    if (event.type === 'touchpoint-redacted.v1') touchpoints.delete(event.data.touchpointId);
    if (event.type === 'feedback-received.v1') complaints.push(Date.parse(occurredAt));
    if (event.type === 'survey-answered.v1') scores[event.data.instrument]?.push(event.data.score);
  }
  const mean = (numbers: readonly number[], otherwise: number): number =>
    numbers.length === 0 ? otherwise : numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const scaled = (name: string, lowest: number, steps: number): number[] =>
    (scores[name] ?? []).map((score) => (score - lowest) / steps);
  const outcomes = [...touchpoints.values()].flatMap(({ outcome }) =>
    outcome === undefined ? [] : [outcome],
  );
  const outbound = [...touchpoints.values()]
    .filter(({ direction }) => direction === 'outbound')
    .map(({ occurredAt }) => Date.parse(occurredAt ?? ''));
  const handled = complaints.map((said) => {
    const answers = outbound.filter((answer) => answer >= said);
    return answers.length === 0 ? 0 : 24 / (24 + (Math.min(...answers) - said) / HOUR_MS);
  });
  const ms = times.map((time) => Date.parse(time));
  const months = (Math.max(...ms) - Math.min(...ms)) / (720 * HOUR_MS);
  const [purchases, refunds] = [counts['purchase-recorded.v1'] ?? 0, counts['purchase-refunded.v1'] ?? 0];
  const serviceQuality = mean([...scaled('csat', 1, 4), ...scaled('ces', 1, 6)], 0.5);
  const needsMet = mean(
    outcomes.map((outcome) => (outcome === 'resolved' ? 1 : 0)),
    0.5,
  );
  const feedbackHandling = mean(handled, 1);
  const satisfaction = serviceQuality * needsMet * feedbackHandling;
  const purchaseFrequency = Math.min(1, purchases / (months + 6));
  const kept = purchases === 0 ? 0.5 : Math.max(0, 1 - refunds / purchases);
  const inclination = mean([...scaled('nps', 0, 10), ...scaled('cci', 0, 100)], kept);
  const score = Math.round(Math.sqrt(satisfaction) * purchaseFrequency * inclination * 10_000) / 100;
  return { score, serviceQuality, needsMet, feedbackHandling, satisfaction, purchaseFrequency, inclination };
}

/** The same events appended in another order: what is about a touchpoint after it, and after what was said of it before. */
function late(events: readonly Event[], random: () => number): readonly Event[] {
  const subject = ({ event, id }: Event): string =>
    'touchpointId' in event.data ? (event.data.touchpointId ?? id) : id;
  const inOrder = new Map<string, Event[]>();
  for (const one of events.toSorted((a, b) => a.revision - b.revision))
    inOrder.set(subject(one), [...(inOrder.get(subject(one)) ?? []), one]);
  return shuffled(events, random).flatMap((one, revision) => {
    const next = inOrder.get(subject(one))?.shift();
    return next === undefined ? [] : [{ ...next, revision, position: revision }];
  });
}

const answerOf = (events: readonly Event[]) => loyaltyAnswer(folded(loyalty, events)[CUSTOMER_ID]);
/** Without what depends on revisions: the order in which events are named, and which, where these are not all. */
const unordered = ({ components, ...rest }: ReturnType<typeof answerOf>) => ({
  ...rest,
  components: Object.entries(components).map(([name, { value, from, ...more }]) => [
    name,
    { ...more, value: value.toFixed(12), from: more.fromCount > 20 ? [] : from.toSorted() },
  ]),
});
const numbersOf = ({ score, components }: ReturnType<typeof answerOf>) => ({
  score,
  ...Object.fromEntries(Object.entries(components).map(([name, { value }]) => [name, value.toFixed(12)])),
});
const rounds = (check: (random: () => number) => void): void => {
  const random = seededNumbers(20_261_121);
  for (let round = 0; round < ROUNDS; round++) check(random);
};

it('is what the documented formula gives, after each event', () => {
  const scores = new Set<number>();
  rounds((random) => {
    const events = story(random);
    for (const length of [1, 7, 15, EVENTS]) {
      const { score, ...values } = byHand(events.slice(0, length));
      const expected = Object.entries(values).map(([name, value]) => [name, value.toFixed(12)]);
      const answer = answerOf(events.slice(0, length));
      expect(numbersOf(answer)).toEqual({ score, ...Object.fromEntries(expected) });
      scores.add(answer.score);
    }
  });
  // The stories tell something.
  expect(scores.size).toBeGreaterThan(ROUNDS);
});

it('is the same with late events as in order of time', () => {
  rounds((random) => {
    const events = story(random).toSorted((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1));
    const inTime = unordered(answerOf(late(events, () => 0)));
    expect(unordered(answerOf(late(events, random)))).toEqual(inTime);
  });
});

it('is the same in any order at all, also where a correction comes before what it corrects', () => {
  rounds((random) => {
    const events = story(random);
    const inAnyOrder = shuffled(events, random);
    expect(unordered(answerOf(inAnyOrder))).toEqual(unordered(answerOf(events)));
    const document = folded(loyalty, inAnyOrder)[CUSTOMER_ID];
    expect([document?.['owed'], document?.['needsOwed']]).toEqual([undefined, undefined]);
  });
});

it('names at most 20 events, and all of them where there are not more', () => {
  rounds((random) => {
    const { satisfaction, ...others } = answerOf(story(random)).components;
    for (const { from, fromCount } of Object.values(others)) {
      expect(from).toHaveLength(Math.min(20, fromCount));
      expect(new Set(from).size).toBe(from.length);
    }
    // An event behind two of its parts counts twice and is named once.
    expect(satisfaction.from.length).toBeLessThanOrEqual(Math.min(20, satisfaction.fromCount));
    expect(new Set(satisfaction.from).size).toBe(satisfaction.from.length);
  });
});
