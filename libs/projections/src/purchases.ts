import { isJsonObject } from '#libs/core';
import type { Document, Json, Projection, Recorded } from '#libs/core';
import type { Money, SeenEvent } from '#libs/events';
import { addDecimals } from './decimal';
import { documentOf } from './fields';

/**
 * Orders of a customer: what was bought and paid back. One document an order, key = customerId/orderId. Several
 * purchases of one order are parts of it; a refund without one is `unmatched` until its purchase arrives.
 */
export const purchases: Projection<SeenEvent> = {
  name: 'purchases',
  version: 1,
  indexes: [{ name: 'by-time', fields: ['_customer', 'occurredAt', 'orderId'] }],
  keysOf({ event, customerId }) {
    if (event.type !== 'purchase-recorded.v1' && event.type !== 'purchase-refunded.v1') return [];
    // An order that can't be read any more is nobody's document.
    return event.data.orderId === undefined ? [] : [`${customerId}/${event.data.orderId}`];
  },
  fold(document, recorded) {
    const { event } = recorded;
    if (event.type === 'purchase-recorded.v1') return buy(document, recorded);
    if (event.type !== 'purchase-refunded.v1') return document;
    const before: Document = document ?? {
      orderId: event.data.orderId,
      occurredAt: recorded.occurredAt,
      unmatched: true,
    };
    return { ...before, refunded: plus(before['refunded'], event.data.amount) };
  },
};

function buy(
  document: Document | undefined,
  { event, occurredAt }: Recorded<SeenEvent>,
): Document | undefined {
  if (event.type !== 'purchase-recorded.v1') return document;
  const { orderId, total, items = [] } = event.data;
  const known = document !== undefined && document['unmatched'] !== true;
  const earlier = known && typeof document['occurredAt'] === 'string' && document['occurredAt'] < occurredAt;
  const parts = known && Array.isArray(document['items']) ? document['items'] : [];
  return documentOf({
    orderId,
    occurredAt: earlier ? document['occurredAt'] : occurredAt,
    total: plus(document?.['total'], total),
    refunded: document?.['refunded'],
    items: [...parts, ...items],
  });
}

/** Sums of one currency; an amount in another one stands beside, so nothing is added that can't be. */
function plus(before: Json | undefined, money: Money | undefined): Json | undefined {
  if (money === undefined || !isJsonObject(before)) return money ?? before;
  const { amount, currency, others } = before;
  if (typeof amount !== 'string' || typeof currency !== 'string') return money;
  if (currency === money.currency) return { ...before, amount: addDecimals(amount, money.amount) };
  const rest: readonly Json[] = Array.isArray(others) ? others : [];
  const same = rest.find((other) => isJsonObject(other) && other['currency'] === money.currency);
  const sum = plus(same, money);
  return {
    ...before,
    others: [...rest.filter((other) => other !== same), ...(sum === undefined ? [] : [sum])],
  };
}
