import {
  cellOf,
  decimalOf,
  fitRfm,
  millionthsOf,
  recencyDays,
  RFM_SEGMENTS,
  RFM_TABLE,
  rfmScores,
  rfmValuesOf,
} from './rfm';
import type { RfmEdges, RfmEntry, RfmValues } from './rfm';

const values = (recency: number, purchases: number, monetary: string): RfmValues => ({
  recencyDays: recency,
  purchases,
  monetary: millionthsOf(monetary),
});
/** Customers with 1 to n of everything, in no order. */
const oneToN = (n: number): readonly RfmValues[] =>
  Array.from({ length: n }, (_, i) => ((i * 7) % n) + 1).map((i) => values(i, i, `${i}.50`));
const EDGES: RfmEdges = {
  recency: [10, 20, 30, 40],
  frequency: [1, 2, 4, 8],
  monetary: ['-1', '0', '9.99', '50'],
};

describe('edges', () => {
  it('are values of the population, by nearest rank', () => {
    expect(fitRfm(oneToN(10))).toEqual({
      recency: [2, 4, 6, 8],
      frequency: [2, 4, 6, 8],
      monetary: ['2.5', '4.5', '6.5', '8.5'],
    });
    expect(fitRfm(oneToN(11))?.recency).toEqual([3, 5, 7, 9]);
    expect(fitRfm(oneToN(101))?.recency).toEqual([21, 41, 61, 81]);
  });

  it.each([
    [1, [1, 1, 1, 1]],
    [2, [1, 1, 2, 2]],
    [3, [1, 2, 2, 3]],
    [4, [1, 2, 3, 4]],
    [5, [1, 2, 3, 4]],
    [6, [2, 3, 4, 5]],
  ])('of %d customers', (n, edges) => expect(fitRfm(oneToN(n))?.frequency).toEqual(edges));

  it('of nobody are none', () => expect(fitRfm([])).toBeUndefined());

  it('may be the same, and below 0', () => {
    const population = ['-5', '-5.000001', '3', '3', '3'].map((money) => values(0, 1, money));
    expect(fitRfm(population)).toEqual({
      recency: [0, 0, 0, 0],
      frequency: [1, 1, 1, 1],
      monetary: ['-5.000001', '-5', '3', '3'],
    });
  });

  it('compare money exactly where doubles can’t', () => {
    const population = ['1000000000000000.000002', '1000000000000000.000001', '999999999999999.999999'];
    expect(fitRfm(population.map((money) => values(0, 1, money)))?.monetary).toEqual([
      '999999999999999.999999',
      '1000000000000000.000001',
      '1000000000000000.000001',
      '1000000000000000.000002',
    ]);
  });
});

describe('scores', () => {
  it.each([
    [values(0, 1, '-2'), { r: 5, f: 1, m: 1 }],
    // On an edge is not above it.
    [values(10, 1, '-1'), { r: 5, f: 1, m: 1 }],
    [values(11, 2, '-0.999999'), { r: 4, f: 2, m: 2 }],
    [values(20, 3, '0'), { r: 4, f: 3, m: 2 }],
    [values(21, 4, '9.990'), { r: 3, f: 3, m: 3 }],
    [values(31, 5, '9.990001'), { r: 2, f: 4, m: 4 }],
    [values(40, 8, '50.00'), { r: 2, f: 4, m: 4 }],
    [values(41, 9, '50.000001'), { r: 1, f: 5, m: 5 }],
  ])('of %o are %o', (given, scores) => expect(rfmScores(EDGES, given)).toEqual(scores));

  it('jump over edges that are the same', () => {
    const edges = { ...EDGES, frequency: [1, 1, 1, 2] };
    const scores = [1, 2, 3].map((purchases) => rfmScores(edges, values(0, purchases, '0')).f);
    expect(scores).toEqual([1, 4, 5]);
  });

  it('of a population all alike are as low as can be, most recent first', () => {
    const alike = Array.from({ length: 7 }, () => values(3, 2, '10'));
    const edges = fitRfm(alike) ?? EDGES;
    expect(rfmScores(edges, values(3, 2, '10'))).toEqual({ r: 5, f: 1, m: 1 });
  });
});

describe('segments', () => {
  it('are given for all 125 cells, each of them somewhere', () => {
    const cells = Object.entries(RFM_TABLE);
    expect(cells).toHaveLength(125);
    expect(cells.every(([cell]) => /^[1-5]{3}$/.test(cell))).toBe(true);
    expect(new Set(Object.values(RFM_TABLE))).toEqual(new Set(Object.keys(RFM_SEGMENTS)));
  });

  it.each([
    ['555', 'champions'],
    ['543', 'champions'],
    ['533', 'potential-loyalist'],
    ['511', 'new'],
    ['512', 'potential-loyalist'],
    ['411', 'promising'],
    ['455', 'loyal'],
    ['343', 'loyal'],
    ['333', 'needs-attention'],
    ['322', 'about-to-sleep'],
    ['255', 'cannot-lose'],
    ['154', 'cannot-lose'],
    ['144', 'at-risk'],
    ['232', 'at-risk'],
    ['122', 'hibernating'],
    ['111', 'hibernating'],
  ])('of %s is %s', (cell, segment) => expect(RFM_TABLE[cell]).toBe(segment));

  it('of two customers with f and m exchanged are the same', () => {
    for (const [cell, segment] of Object.entries(RFM_TABLE)) {
      const [r, f, m] = Array.from(cell, Number);
      expect(RFM_TABLE[cellOf({ r: r ?? 0, f: m ?? 0, m: f ?? 0 })]).toBe(segment);
    }
  });
});

it.each([
  ['2026-01-10T00:00:00.000Z', '2026-01-09T23:59:59.999Z', 1],
  ['2026-01-10T00:00:00.000Z', '2026-01-10T00:00:00.000Z', 0],
  ['2026-01-10T23:59:59.999Z', '2026-01-10T00:00:00.000Z', 0],
  ['2026-01-10T00:00:00.001Z', '2026-01-08T23:59:59.999Z', 2],
  ['2026-01-10T00:00:00.000Z', '2026-02-10T00:00:00.000Z', 0],
  ['2024-03-01T00:00:00.000Z', '2024-02-28T12:00:00.000Z', 2],
  ['1970-01-02T00:00:00.000Z', '1969-12-31T12:00:00.000Z', 2],
])('at %s, %s is %d days ago', (asOf, occurredAt, days) => expect(recencyDays(asOf, occurredAt)).toBe(days));

describe('values as of an instant', () => {
  const model = { asOf: '2026-01-10T12:00:00.000Z', currency: 'EUR' };
  const entry = (kind: 'p' | 'r', day: number, amount: string, currency = 'EUR'): RfmEntry => ({
    kind,
    occurredAt: `2026-01-${String(day).padStart(2, '0')}T12:00:00.000Z`,
    amount,
    currency,
  });

  it('are of what happened before it, in any order', () => {
    const entries = [
      entry('p', 7, '10.10'),
      entry('p', 3, '5'),
      entry('r', 9, '0.10'),
      entry('p', 10, '100'),
      entry('r', 11, '100'),
    ];
    const expected = { recencyDays: 3, purchases: 2, monetary: 15_000_000n };
    expect(rfmValuesOf(entries, model)).toEqual(expected);
    expect(rfmValuesOf(entries.toReversed(), model)).toEqual(expected);
  });

  it('count purchases in every currency, and money in one', () => {
    const entries = [entry('p', 1, '10', 'GBP'), entry('r', 2, '4', 'GBP'), entry('r', 2, '1')];
    expect(rfmValuesOf(entries, model)).toEqual({ recencyDays: 9, purchases: 1, monetary: -1_000_000n });
  });

  it('are none without a purchase by then', () => {
    expect(rfmValuesOf([], model)).toBeUndefined();
    expect(rfmValuesOf([entry('r', 1, '1'), entry('p', 10, '1')], model)).toBeUndefined();
  });
});

it.each([
  ['0', 0n, '0'],
  ['-0.00', 0n, '0'],
  ['29.33', 29_330_000n, '29.33'],
  ['-0.000001', -1n, '-0.000001'],
  ['-1.50', -1_500_000n, '-1.5'],
  ['100', 100_000_000n, '100'],
  ['007.10', 7_100_000n, '7.1'],
  ['123456789012345678901.123456', 123_456_789_012_345_678_901_123_456n, '123456789012345678901.123456'],
])('%s is %d millionths', (decimal, millionths, shortest) => {
  expect(millionthsOf(decimal)).toBe(millionths);
  expect(decimalOf(millionths)).toBe(shortest);
});

it('gives the worked example of docs/segments.md', () => {
  const customers = [
    [3, 9, '410.50', '555', 'champions'],
    [10, 1, '20.00', '511', 'new'],
    [12, 4, '95.00', '444', 'loyal'],
    [30, 6, '310.00', '455', 'loyal'],
    [45, 2, '40.00', '333', 'needs-attention'],
    [60, 1, '35.20', '312', 'about-to-sleep'],
    [90, 3, '80.00', '233', 'at-risk'],
    [120, 1, '12.00', '211', 'hibernating'],
    [200, 5, '260.00', '144', 'at-risk'],
    [300, 1, '25.00', '112', 'hibernating'],
  ] as const;
  const population = customers.map(([days, purchases, money]) => values(days, purchases, money));
  const edges = fitRfm(population) ?? EDGES;
  expect(edges).toEqual({
    recency: [10, 30, 60, 120],
    frequency: [1, 1, 3, 5],
    monetary: ['20', '35.2', '80', '260'],
  });
  const cells = population.map((one) => cellOf(rfmScores(edges, one)));
  expect(cells).toEqual(customers.map(([, , , cell]) => cell));
  expect(cells.map((cell) => RFM_TABLE[cell])).toEqual(customers.map(([, , , , segment]) => segment));
});
