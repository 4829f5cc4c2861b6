import { isJsonObject } from '#libs/core';
import { checkLine } from '#libs/contracts';
import { storiesFor } from './data-sets';
import { END_MS } from './generate';
import { years } from './insight';
import { MixedLines } from './live';
import { historyLines, inTurns } from './long-history';
import { FULL, QUICK } from './sizes';
import { storyLines } from './story';

const customerId = '019a0000-0000-7000-8000-000000000002';
const CUSTOMERS = 300;

function parsed(lines: readonly string[]) {
  return lines.map((line): Record<string, unknown> => {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : {};
  });
}

describe('a story', () => {
  const stories = Array.from({ length: CUSTOMERS }, (_, customer) => storyLines(customer));
  const lines = parsed(stories.flat());
  const of = (command: string) => lines.filter((line) => line['command'] === command);

  it('is the same in each run, and another one for each customer', () => {
    expect(storyLines(7)).toEqual(storyLines(7));
    expect(new Set(stories.map((story) => story.join(''))).size).toBe(CUSTOMERS);
  });

  it('is what the ledger takes, in order of time, within two years', () => {
    expect(lines.filter((line) => !checkLine(line).ok)).toEqual([]);
    for (const story of stories) {
      const times = parsed(story).map(({ occurredAt }) => String(occurredAt));
      expect(times).toEqual(times.toSorted());
      expect(Date.parse(times.at(-1) ?? '')).toBeLessThan(END_MS);
      expect(Date.parse(times[0] ?? '')).toBeGreaterThan(Date.parse('2024-10-30T00:00:00.000Z'));
    }
  });

  it('has about eight purchases, two answers, and a complaint of each third customer', () => {
    expect(of('purchase').length / CUSTOMERS).toBeCloseTo(8, 0);
    expect(of('survey-answer').length / CUSTOMERS).toBeCloseTo(2, 0);
    expect(Math.abs(of('feedback').length / CUSTOMERS - 1 / 3)).toBeLessThan(0.1);
    expect(new Set(of('survey-answer').map(({ instrument }) => instrument)).size).toBe(4);
  });

  it('names each order once, and refunds only what was bought before', () => {
    const orders = of('purchase').map(({ orderId }) => orderId);
    expect(new Set(orders).size).toBe(orders.length);
    expect(of('refund').length).toBeGreaterThan(0);
    for (const refund of of('refund')) {
      const purchase = of('purchase').find(({ orderId }) => orderId === refund['orderId']);
      expect(String(refund['occurredAt']) > String(purchase?.['occurredAt'])).toBe(true);
    }
  });
});

describe('a long history', () => {
  it.each([200, 5_000])(
    'has %i events with the registration, the whole story evenly among them',
    (events) => {
      const story = storyLines(3);
      const lines = historyLines({ customerId, customer: 3, events });
      expect(lines).toHaveLength(events - 1);
      const told = lines.flatMap((line, at) => (story.includes(line) ? [at] : []));
      expect(told).toHaveLength(story.length);
      expect(told.filter((at) => at < events / 2).length).toBeCloseTo(story.length / 2, -1);
      expect(parsed(lines.slice(0, 300)).filter((line) => !checkLine(line).ok)).toEqual([]);
    },
  );

  it('grows beside others', () => {
    expect(inTurns([['a', 'b', 'c'], ['x'], ['1', '2']])).toEqual(['a', 'x', '1', 'b', '2', 'c']);
  });
});

describe('a mixed load', () => {
  it('gives as many lines as it is asked for, and each story once', () => {
    const load = new MixedLines({ customers: 10, firstStory: 8 });
    const lines = (load.lines(150) + load.lines(350)).trimEnd().split('\n');
    expect(lines).toHaveLength(500);
    const others = lines.filter((line) => !line.startsWith('{"command":"touchpoint"'));
    expect(others.map((line) => `${line}\n`)).toEqual([...storyLines(8), ...storyLines(9)]);
  });
});

describe('the data sets', () => {
  it.each([FULL, QUICK])('have the same mixture, small and large', (sizes) => {
    const { customers, smallEvents, largeEvents } = sizes;
    expect(storiesFor(largeEvents, sizes)).toBe(customers);
    expect(storiesFor(smallEvents, sizes) / smallEvents).toBeCloseTo(customers / largeEvents, 3);
  });
});

it('asks for a year each time, none that is not over', () => {
  expect(new Set(years()).size).toBe(365);
  expect(years()[0]).toBe('from=2025-10-31&to=2026-10-31');
  expect(years().at(-1)).toBe('from=2024-11-01&to=2025-11-01');
});
