import type { DocumentGroup, DocumentsDefinition } from '#libs/core';
import { TestLedger } from '#libs/testing';
import { MetricsTooBroadError } from './day-counts';
import { Metrics } from './metrics';

const DEFINITIONS: readonly DocumentsDefinition[] = ['contacts', 'satisfaction'].map((name) => ({
  name,
  version: 1,
  indexes: [{ name: 'by-month', fields: ['month'] }],
}));
const MAIL = 'email/inbound/message';
const CALL = 'voice/outbound/call';

type Counted = readonly [bucket: number, name: string, day: string, count: number];

let test: TestLedger;
let group: DocumentGroup;
let metrics: Metrics;

beforeEach(async () => {
  test = await TestLedger.open();
  group = await test.store().open('counters', DEFINITIONS);
  metrics = new Metrics({ group: async () => group });
});
afterEach(() => test.dispose());

/** Writes the documents that the folds make of these counts. */
async function given(projection: string, counted: readonly Counted[]): Promise<void> {
  const documents = new Map<string, { month: string; counts: Record<string, number[]> }>();
  for (const [bucket, name, day, count] of counted) {
    const month = day.slice(0, 7);
    const key = `${bucket}/${month}`;
    const document = documents.get(key) ?? { month, counts: {} };
    documents.set(key, document);
    const days = (document.counts[name] ??= Array.from({ length: 31 }, () => 0));
    days[Number(day.slice(8)) - 1] = count;
  }
  const writes = [...documents].map(([key, document]) => ({ projection, key, document }));
  const next = { topicId: 't', offset: 1, position: 1 };
  await group.commit({ partition: 0, expected: undefined, next, documents: writes, progress: [] });
}

describe('contacts', () => {
  const year: readonly Counted[] = [
    [0, MAIL, '2025-12-28', 2], // a Sunday, of 2025-W52
    [1, MAIL, '2025-12-28', 3],
    [1, CALL, '2025-12-29', 1], // 2026-W01
    [0, CALL, '2026-01-04', 4], // the Sunday of that week
    [0, MAIL, '2026-01-05', 1],
    [11, 'email/outbound/message', '2026-02-28', 7],
  ];
  beforeEach(() => given('contacts', year));

  it('are one number without by: the buckets are summed', async () => {
    expect(await metrics.contacts({})).toEqual({
      from: '2025-12-28T00:00:00.000Z',
      to: '2026-03-01T00:00:00.000Z',
      by: [],
      rows: [{ count: 18 }],
    });
  });

  it('are told apart by period, in order of time', async () => {
    const rows = async (by: 'day' | 'week' | 'month') =>
      (await metrics.contacts({ by: [by], to: '2026-01-06' })).rows;
    expect(await rows('day')).toEqual([
      { day: '2025-12-28', count: 5 },
      { day: '2025-12-29', count: 1 },
      { day: '2026-01-04', count: 4 },
      { day: '2026-01-05', count: 1 },
    ]);
    expect(await rows('week')).toEqual([
      { week: '2025-W52', count: 5 },
      { week: '2026-W01', count: 5 },
      { week: '2026-W02', count: 1 },
    ]);
    expect(await rows('month')).toEqual([
      { month: '2025-12', count: 6 },
      { month: '2026-01', count: 5 },
    ]);
  });

  it('are told apart by channel, direction and kind, in this order whatever the question’s is', async () => {
    expect((await metrics.contacts({ by: ['channel'] })).rows).toEqual([
      { channel: 'email', count: 13 },
      { channel: 'voice', count: 5 },
    ]);
    expect((await metrics.contacts({ by: ['kind', 'direction', 'month'], from: '2026-01-01' })).rows).toEqual(
      [
        { month: '2026-01', direction: 'inbound', kind: 'message', count: 1 },
        { month: '2026-01', direction: 'outbound', kind: 'call', count: 4 },
        { month: '2026-02', direction: 'outbound', kind: 'message', count: 7 },
      ],
    );
  });

  it('are cut by days, from inclusive, to exclusive, within a month and between months', async () => {
    const count = async (from: string, to: string) => (await metrics.contacts({ from, to })).rows;
    expect(await count('2025-12-29', '2026-01-05')).toEqual([{ count: 5 }]);
    expect(await count('2025-12-28', '2025-12-29')).toEqual([{ count: 5 }]);
    expect(await count('2025-12-01', '2026-01-01')).toEqual([{ count: 6 }]);
    expect(await count('2026-02-28', '2026-03-01')).toEqual([{ count: 7 }]);
    expect(await count('2026-02-01', '2026-02-28')).toEqual([{ count: 0 }]);
    expect(await count('2026-02-01', '2026-02-01')).toEqual([{ count: 0 }]);
    expect(await count('2026-03-01', '2025-01-01')).toEqual([{ count: 0 }]);
  });

  it('have the range that was asked for', async () => {
    const range = { from: '2026-01-02', to: '2030-01-01' };
    const answer = { from: '2026-01-02T00:00:00.000Z', to: '2030-01-01T00:00:00.000Z' };
    expect(await metrics.contacts({ ...range, by: ['day'] })).toMatchObject(answer);
    expect(await metrics.contacts({ from: '2027-01-01', by: ['day'] })).toEqual({
      from: '2027-01-01T00:00:00.000Z',
      to: null,
      by: ['day'],
      rows: [],
    });
  });
});

it('leaves out rows that are 0', async () => {
  await given('contacts', [
    [0, MAIL, '2026-01-01', 0],
    [0, MAIL, '2026-01-02', 1],
  ]);
  expect((await metrics.contacts({ by: ['day'] })).rows).toEqual([{ day: '2026-01-02', count: 1 }]);
});

it('refuses more months than it reads, counted where there is anything', async () => {
  const months = Array.from({ length: 481 }, (_, i) => {
    const month = String(1 + (i % 12)).padStart(2, '0');
    const counted: Counted = [i % 3, MAIL, `${1900 + Math.floor(i / 12)}-${month}-01`, 1];
    return counted;
  });
  await given('contacts', [...months, [0, MAIL, '0001-01-01', 1]]);
  await expect(metrics.contacts({})).rejects.toThrow(MetricsTooBroadError);
  expect((await metrics.contacts({ to: '1939-12-01' })).rows).toEqual([{ count: 480 }]);
});

it('refuses more rows than it answers', async () => {
  const names = Array.from({ length: 110 }, (_, i) => `channel-${i}/inbound/message`);
  const counted = Array.from({ length: 30 }, (_, i) => `${2000 + i}-01`).flatMap((month) =>
    names.flatMap((name) =>
      Array.from({ length: 31 }, (_, i): Counted => [
        0,
        name,
        `${month}-${String(i + 1).padStart(2, '0')}`,
        1,
      ]),
    ),
  );
  await given('contacts', counted);
  await expect(metrics.contacts({ by: ['day', 'channel'] })).rejects.toThrow(MetricsTooBroadError);
  expect((await metrics.contacts({ by: ['month', 'channel'] })).rows).toHaveLength(3_300);
  expect((await metrics.contacts({})).rows).toEqual([{ count: counted.length }]);
});

describe('satisfaction', () => {
  it('is scored over the whole range and by period', async () => {
    await given('satisfaction', [
      [0, 'csat/5', '2026-01-01', 1],
      [1, 'csat/2', '2026-01-31', 2],
      [0, 'nps/10', '2026-01-31', 1],
      [0, 'nps/0', '2026-02-01', 3],
      [5, 'ces/7', '2026-02-01', 1],
      [5, 'ces/2', '2026-02-02', 1],
      [0, 'cci/answers', '2026-02-02', 2],
      [0, 'cci/sum', '2026-02-02', 151],
    ]);
    const answer = await metrics.satisfaction({ by: 'month' });
    expect(answer).toMatchObject({
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-02-03T00:00:00.000Z',
      csat: { score: 33.33, answers: 3, distribution: { 1: 0, 2: 2, 3: 0, 4: 0, 5: 1 } },
      nps: { score: -50, promoters: 1, passives: 0, detractors: 3, answers: 4 },
      ces: { score: 4.5, answers: 2 },
      cci: { score: 75.5, answers: 2 },
    });
    expect(answer.rows).toMatchObject([
      {
        month: '2026-01',
        csat: { score: 33.33 },
        nps: { score: 100 },
        ces: { score: null },
        cci: { score: null },
      },
      {
        month: '2026-02',
        csat: { score: null },
        nps: { score: -100 },
        ces: { answers: 2 },
        cci: { score: 75.5 },
      },
    ]);
    expect(await metrics.satisfaction({ from: '2026-02-02' })).toMatchObject({
      nps: { score: null },
      ces: { score: 2, answers: 1 },
    });
    expect(await metrics.satisfaction({})).not.toHaveProperty('rows');
  });

  it('has no scores where nobody answered', async () => {
    expect(await metrics.satisfaction({ by: 'day' })).toMatchObject({
      from: null,
      to: null,
      csat: { score: null, answers: 0 },
      rows: [],
    });
  });
});
