import type { LedgerEvent } from '#libs/events';
import { RFM_TABLE } from '#libs/insight';
import type { RfmModel } from '#libs/insight';
import { CUSTOMER_ID, folded, idAt, recorded, recordedAt, withoutSealed } from '#libs/testing';
import { segmentMoves } from './segment-moves';
import { segmentSizes } from './segment-sizes';
import { segments, segmentsAnswer } from './segments';

const MODEL: RfmModel = {
  modelId: idAt(900),
  kind: 'rfm',
  asOf: '2026-01-31T12:00:00.000Z',
  currency: 'EUR',
  edges: { recency: [2, 5, 10, 20], frequency: [1, 2, 3, 4], monetary: ['10', '20', '30', '40'] },
  table: RFM_TABLE,
  through: 1,
  population: 5,
};
const bought = (amount: string, occurredAt?: string, currency = 'EUR'): LedgerEvent => ({
  type: 'purchase-recorded.v1',
  data: {
    orderId: 'o',
    total: { amount, currency },
    ...(occurredAt === undefined ? {} : { occurredAt }),
  },
});
const refunded = (amount: string, currency = 'EUR'): LedgerEvent => ({
  type: 'purchase-refunded.v1',
  data: { orderId: 'o', amount: { amount, currency } },
});
const day = (date: string): string => `${date}T08:00:00.000Z`;
const segmentDocument = (...events: readonly LedgerEvent[]) =>
  folded(segments(MODEL), recorded(events))[CUSTOMER_ID];

/** Each event with the one customer's segment after it. */
const STORY: readonly (readonly [LedgerEvent, string | undefined])[] = [
  [refunded('1'), undefined],
  // 30 days ago, 1 purchase, 4 EUR: r1 f1 m1
  [bought('5.00', day('2026-01-01')), 'hibernating'],
  // 5 days ago, 2 purchases, 12 EUR: r4 f2 m2
  [bought('8.00', day('2026-01-26')), 'potential-loyalist'],
  // 5 days ago, 3 purchases, 32 EUR: r4 f3 m4
  [bought('20.00', day('2026-01-25')), 'loyal'],
  // After asOf: r5 f4 m5
  [bought('50.00', day('2026-02-20')), 'champions'],
  // r5 f5 m5
  [bought('1', day('2026-02-21')), 'champions'],
  // r5 f5 m1: their mean is 3
  [refunded('80'), 'potential-loyalist'],
];
const STORY_EVENTS = STORY.map(([event]) => event);

it('without a model keeps what customers are scored by, and puts nobody anywhere', () => {
  const projection = segments(undefined);
  const events = [
    bought('0.10', day('2026-01-05')),
    bought('0.2', day('2026-01-03'), 'GBP'),
    refunded('0.05'),
  ];
  expect(folded(projection, recorded(events))).toEqual({
    [CUSTOMER_ID]: {
      customerId: CUSTOMER_ID,
      purchases: 2,
      lastPurchaseAt: day('2026-01-05'),
      sums: { EUR: '0.05', GBP: '0.2' },
    },
  });
  expect(projection).not.toHaveProperty('model');
  expect(segments(MODEL).model).toBe(MODEL.modelId);
});

it('with a model says the segment, since when, why, and which event moved the customer', () => {
  expect(segmentDocument(bought('12.00', day('2026-01-30')), bought('15', day('2026-01-31')))).toEqual({
    customerId: CUSTOMER_ID,
    purchases: 2,
    lastPurchaseAt: day('2026-01-31'),
    sums: { EUR: '27.00' },
    scores: { r: 5, f: 2, m: 3 },
    cell: '523',
    segment: 'potential-loyalist',
    reason: 'r5 f2 m3: potential-loyalist',
    // The first purchase (r5 f1 m2) already led there.
    since: day('2026-01-30'),
    because: idAt(0),
  });
});

it('moves a customer when an event does', () => {
  for (const [i, [, segment]] of STORY.entries()) {
    expect([i, segmentDocument(...STORY_EVENTS.slice(0, i + 1))?.['segment']]).toEqual([i, segment]);
  }
  expect(segmentDocument(...STORY_EVENTS)).toMatchObject({
    cell: '551',
    since: recordedAt(6),
    because: idAt(6),
  });
});

it('counts money of the model’s currency alone, purchases of every one', () => {
  const document = segmentDocument(bought('1000', day('2026-01-30'), 'JPY'), bought('11', day('2026-01-30')));
  expect(document).toMatchObject({ scores: { r: 5, f: 2, m: 2 }, sums: { JPY: '1000', EUR: '11' } });
});

it('gives the same scores in any order of events', () => {
  const { since: _since, because: _because, ...document } = segmentDocument(...STORY_EVENTS) ?? {};
  expect(segmentDocument(...STORY_EVENTS.toReversed())).toMatchObject({ ...document, sums: { EUR: '3.00' } });
});

it('does not see what can’t be read any more', () => {
  const events = recorded([bought('10', day('2026-01-30')), bought('10'), refunded('5')]);
  const [first, ...others] = events;
  const read = first === undefined ? [] : [first];
  expect(folded(segments(MODEL), [...read, ...others.map(withoutSealed)])).toEqual(
    folded(segments(MODEL), read),
  );
  expect(folded(segments(MODEL), events.map(withoutSealed))).toEqual({});
});

it('touches nothing but what purchases and refunds touch', () => {
  const other: LedgerEvent = { type: 'survey-answered.v1', data: { instrument: 'nps', score: 9 } };
  const fitted: LedgerEvent = { type: 'segment-model-fitted.v1', data: MODEL };
  for (const projection of [segments(MODEL), segmentSizes, segmentMoves]) {
    expect(recorded([other, fitted]).flatMap((one) => projection.keysOf(one))).toEqual([]);
  }
});

it('is answered as a list', () => {
  expect(segmentsAnswer(undefined)).toEqual([]);
  expect(segmentsAnswer(folded(segments(undefined), recorded([bought('1')]))[CUSTOMER_ID])).toEqual([]);
  expect(segmentsAnswer(segmentDocument(...STORY_EVENTS))).toEqual([
    {
      segmentId: 'potential-loyalist',
      since: recordedAt(6),
      reason: 'r5 f5 m1: potential-loyalist',
      scores: { r: 5, f: 5, m: 1 },
      because: idAt(6),
    },
  ]);
});

describe('sizes', () => {
  const sizesOf = (events: readonly LedgerEvent[]) =>
    folded(segmentSizes, recorded(events), [segments(MODEL)]);

  it('follow every move', () => {
    for (const [i, [, segment]] of STORY.entries()) {
      const expected = segment === undefined ? {} : { '0/sizes': { sizes: { [segment]: 1 } } };
      expect(sizesOf(STORY_EVENTS.slice(0, i + 1))).toEqual(expected);
    }
  });

  it('add up the customers of a bucket, and keep buckets apart', () => {
    const customers = [0, 1, 2].flatMap((customer) =>
      recorded(STORY_EVENTS.slice(0, 2 + customer)).map((one) => ({
        ...one,
        customerId: `${one.customerId}${customer}`,
        bucket: customer % 2,
      })),
    );
    expect(folded(segmentSizes, customers, [segments(MODEL)])).toEqual({
      '0/sizes': { sizes: { hibernating: 1, loyal: 1 } },
      '1/sizes': { sizes: { 'potential-loyalist': 1 } },
    });
  });

  it('are none without a model', () => {
    expect(folded(segmentSizes, recorded(STORY_EVENTS), [segments(undefined)])).toEqual({});
  });

  it('of nobody moved is the very same document', () => {
    const document = { sizes: { loyal: 2 } };
    const segment = { segment: 'loyal' };
    const changes = { segments: { before: segment, after: { ...segment, purchases: 2 } } };
    const after = recorded([bought('1')]).map((one) => segmentSizes.fold(document, one, '0/sizes', changes));
    expect(after[0]).toBe(document);
  });
});

describe('moves', () => {
  const moves = folded(segmentMoves, recorded(STORY_EVENTS), [segments(MODEL)]);

  it('say for each segment who joined and who left it', () => {
    const at = (revision: number): string => recorded(STORY_EVENTS)[revision]?.occurredAt ?? '';
    const joined = (revision: number, segment: string, other: string | null) => [
      `${idAt(revision)}/in`,
      {
        segment,
        other,
        change: 'joined',
        at: at(revision),
        customerId: CUSTOMER_ID,
        eventId: idAt(revision),
      },
    ];
    const left = (revision: number, segment: string, other: string | null) => [
      `${idAt(revision)}/out`,
      { segment, other, change: 'left', at: at(revision), customerId: CUSTOMER_ID, eventId: idAt(revision) },
    ];
    expect(moves).toEqual(
      Object.fromEntries([
        joined(1, 'hibernating', null),
        left(2, 'hibernating', 'potential-loyalist'),
        joined(2, 'potential-loyalist', 'hibernating'),
        left(3, 'potential-loyalist', 'loyal'),
        joined(3, 'loyal', 'potential-loyalist'),
        left(4, 'loyal', 'champions'),
        joined(4, 'champions', 'loyal'),
        left(6, 'champions', 'potential-loyalist'),
        joined(6, 'potential-loyalist', 'champions'),
      ]),
    );
  });

  it('add up to where everybody is', () => {
    const balance: Record<string, number> = {};
    for (const { segment, change } of Object.values(moves)) {
      const name = typeof segment === 'string' ? segment : '';
      balance[name] = (balance[name] ?? 0) + (change === 'joined' ? 1 : -1);
    }
    expect(balance).toEqual({ hibernating: 0, 'potential-loyalist': 1, loyal: 0, champions: 0 });
  });

  it('are none without a model', () => {
    expect(folded(segmentMoves, recorded(STORY_EVENTS), [segments(undefined)])).toEqual({});
  });
});
