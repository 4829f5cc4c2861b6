import { isJsonObject } from '#libs/core';
import type { Document, Instant, Json, Projection, Recorded } from '#libs/core';
import type { Money, SeenEvent } from '#libs/events';
import { addDecimals } from './decimal';
import { documentOf, listOf } from './fields';

/** Purchases and refunds of one order that are listed one by one. */
export const MAX_ENTRIES = 1_000;

/** Items of one order that are listed: once there are so many, a further purchase adds none. */
export const MAX_ITEMS_LISTED = 1_000;

/** A purchase (`p`) or refund (`r`) of an order. */
export interface PurchaseEntry {
  readonly occurredAt: Instant;
  readonly kind: 'p' | 'r';
  readonly amount: string;
  readonly currency: string;
}

/**
 * Orders of a customer: what was bought and paid back. One document an order, key = customerId/orderId. Several
 * purchases of one order are parts of it; a refund without one is `unmatched` until its purchase arrives.
 *
 * `_entries` lists each of them as `[occurredAt, 'p' | 'r', amount, currency]`, for fits as of an instant. Of an order
 * with more than `MAX_ENTRIES` it has the first that were recorded and `_unlisted` counts the others: they are in the
 * sums of the order but in no fit.
 */
export const purchases: Projection<SeenEvent> = {
  name: 'purchases',
  version: 3,
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
    return {
      ...before,
      refunded: plus(before['refunded'], event.data.amount),
      ...listed(before, 'r', recorded.occurredAt, event.data.amount),
    };
  },
};

/** The purchases and refunds that a document of `purchases` lists. */
export function purchaseEntries(document: Document): readonly PurchaseEntry[] {
  return listOf(document['_entries']).flatMap((entry) => {
    const [occurredAt, kind, amount, currency] = listOf(entry);
    const isText =
      typeof occurredAt === 'string' && typeof amount === 'string' && typeof currency === 'string';
    return isText && (kind === 'p' || kind === 'r') ? [{ occurredAt, kind, amount, currency }] : [];
  });
}

function buy(
  document: Document | undefined,
  { event, occurredAt }: Recorded<SeenEvent>,
): Document | undefined {
  if (event.type !== 'purchase-recorded.v1') return document;
  const { orderId, total, items = [] } = event.data;
  const known = document !== undefined && document['unmatched'] !== true;
  const earlier = known && typeof document['occurredAt'] === 'string' && document['occurredAt'] < occurredAt;
  const parts = known ? listOf(document['items']) : [];
  return documentOf({
    orderId,
    occurredAt: earlier ? document['occurredAt'] : occurredAt,
    total: plus(document?.['total'], total),
    refunded: document?.['refunded'],
    items: parts.length < MAX_ITEMS_LISTED ? [...parts, ...items] : parts,
    ...listed(document, 'p', occurredAt, total),
  });
}

/** The document's list with one more entry in it. */
function listed(
  document: Document | undefined,
  kind: PurchaseEntry['kind'],
  occurredAt: Instant,
  money: Money | undefined,
): Document {
  const { _entries, _unlisted } = document ?? {};
  const before = listOf(_entries);
  const full = before.length >= MAX_ENTRIES;
  const added = money !== undefined && !full ? [[occurredAt, kind, money.amount, money.currency]] : [];
  const unlisted = money !== undefined && full ? Number(_unlisted ?? 0) + 1 : _unlisted;
  return documentOf({ _entries: [...before, ...added], _unlisted: unlisted });
}

/** Sums of one currency; an amount in another one stands beside, so nothing is added that can't be. */
function plus(before: Json | undefined, money: Money | undefined): Json | undefined {
  if (money === undefined || !isJsonObject(before)) return money ?? before;
  const { amount, currency, others } = before;
  if (typeof amount !== 'string' || typeof currency !== 'string') return money;
  if (currency === money.currency) return { ...before, amount: addDecimals(amount, money.amount) };
  const rest = listOf(others);
  const same = rest.find((other) => isJsonObject(other) && other['currency'] === money.currency);
  const sum = plus(same, money);
  return {
    ...before,
    others: [...rest.filter((other) => other !== same), ...(sum === undefined ? [] : [sum])],
  };
}
