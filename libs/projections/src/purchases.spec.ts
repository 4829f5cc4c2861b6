import type { Item, LedgerEvent } from '#libs/events';
import { CUSTOMER_ID, folded, recorded, recordedAt } from '#libs/testing';
import { addDecimals } from './decimal';
import { without } from './fields';
import { MAX_ENTRIES, MAX_ITEMS_LISTED, purchaseEntries, purchases } from './purchases';

const whole = (...events: readonly LedgerEvent[]) =>
  folded(purchases, recorded(events))[`${CUSTOMER_ID}/o1`] ?? {};
const order = (...events: readonly LedgerEvent[]) => without(whole(...events), ['_entries']);
const bought = (
  amount: string,
  currency = 'EUR',
  more: { items?: readonly Item[]; occurredAt?: string } = {},
): LedgerEvent => {
  return { type: 'purchase-recorded.v1', data: { orderId: 'o1', total: { amount, currency }, ...more } };
};
const refunded = (amount: string, currency = 'EUR'): LedgerEvent => {
  return { type: 'purchase-refunded.v1', data: { orderId: 'o1', amount: { amount, currency } } };
};
const [kettle, cup] = [
  { sku: 'kettle', quantity: 1 },
  { sku: 'cup', quantity: 6 },
];

it('keeps one order per customer and order id', () => {
  expect(order(bought('10.00', 'EUR', { items: [kettle] }))).toEqual({
    orderId: 'o1',
    occurredAt: recordedAt(0),
    total: { amount: '10.00', currency: 'EUR' },
    items: [kettle],
  });
});

it('adds the parts of an order; it happened when the first part did', () => {
  const first = bought('1.50', 'EUR', { items: [kettle], occurredAt: '2026-01-01T00:00:00.000Z' });
  const second = bought('2', 'EUR', { items: [cup], occurredAt: '2026-01-02T00:00:00.000Z' });
  const expected = {
    orderId: 'o1',
    occurredAt: '2026-01-01T00:00:00.000Z',
    total: { amount: '3.50', currency: 'EUR' },
  };
  expect(order(first, second)).toEqual({ ...expected, items: [kettle, cup] });
  expect(order(second, first)).toEqual({ ...expected, items: [cup, kettle] });
});

it('takes a refund before or after its purchase', () => {
  const buy = bought('10', 'EUR', { occurredAt: '2026-01-01T00:00:00.000Z' });
  expect(order(refunded('4'))).toEqual({
    orderId: 'o1',
    occurredAt: recordedAt(0),
    unmatched: true,
    refunded: { amount: '4', currency: 'EUR' },
  });
  const expected = {
    orderId: 'o1',
    occurredAt: '2026-01-01T00:00:00.000Z',
    total: { amount: '10', currency: 'EUR' },
    refunded: { amount: '5.5', currency: 'EUR' },
    items: [],
  };
  expect(order(buy, refunded('4'), refunded('1.5'))).toEqual(expected);
  expect(order(refunded('4'), buy, refunded('1.5'))).toEqual(expected);
  expect(order(refunded('4'), refunded('1.5'), buy)).toEqual(expected);
});

it('adds nothing that can’t be added: other currencies stand beside', () => {
  const events = [
    bought('10'),
    bought('3', 'GBP'),
    bought('500', 'JPY'),
    bought('0.5', 'GBP'),
    bought('1'),
    refunded('2', 'GBP'),
    refunded('1'),
  ];
  expect(order(...events)).toMatchObject({
    total: {
      amount: '11',
      currency: 'EUR',
      others: expect.arrayContaining([
        { amount: '3.5', currency: 'GBP' },
        { amount: '500', currency: 'JPY' },
      ]),
    },
    refunded: { amount: '2', currency: 'GBP', others: [{ amount: '1', currency: 'EUR' }] },
  });
});

describe('entries', () => {
  it('are every purchase and refund as it was, when it was', () => {
    const occurredAt = '2026-01-01T00:00:00.000Z';
    const document = whole(
      refunded('4'),
      bought('10.00', 'GBP', { occurredAt }),
      refunded('1.5'),
      bought('2'),
    );
    expect(document['_entries']).toEqual([
      [recordedAt(0), 'r', '4', 'EUR'],
      [occurredAt, 'p', '10.00', 'GBP'],
      [recordedAt(2), 'r', '1.5', 'EUR'],
      [recordedAt(3), 'p', '2', 'EUR'],
    ]);
    expect(purchaseEntries(document)[1]).toEqual({ occurredAt, kind: 'p', amount: '10.00', currency: 'GBP' });
  });

  it('are bounded: those beyond are counted, and in the sums all the same', () => {
    const events = Array.from({ length: MAX_ENTRIES }, () => bought('0.01'));
    expect(whole(...events)).not.toHaveProperty('_unlisted');
    const document = whole(...events, bought('1'), refunded('3'));
    expect(purchaseEntries(document)).toHaveLength(MAX_ENTRIES);
    expect(document).toMatchObject({ _unlisted: 2, total: { amount: '11.00' }, refunded: { amount: '3' } });
  });

  it('of a document that has none are none', () => {
    expect(purchaseEntries({})).toEqual([]);
    expect(purchaseEntries({ _entries: [['x'], 7, null] })).toEqual([]);
  });
});

it.each([
  ['0', '0', '0'],
  ['0.1', '0.2', '0.3'],
  ['1', '0.05', '1.05'],
  ['-1', '0.05', '-0.95'],
  ['-0.5', '0.5', '0.0'],
  ['0.000001', '-0.000002', '-0.000001'],
  ['999999999999999.999999', '0.000001', '1000000000000000.000000'],
])('%s + %s = %s, exactly', (a, b, sum) => {
  expect(addDecimals(a, b)).toBe(sum);
  expect(addDecimals(b, a)).toBe(sum);
});

it('lists the items of an order to a bounded number', () => {
  const items = Array.from({ length: MAX_ITEMS_LISTED - 1 }, () => kettle);
  const listed = (times: number): unknown =>
    order(...Array.from({ length: times }, () => bought('1', 'EUR', { items })))['items'];
  expect(listed(2)).toHaveLength(2 * items.length);
  expect(listed(3)).toHaveLength(2 * items.length);
});
