import { instant, item, listOf, money, oneOf, text } from './codec';
import { provenance } from './customer';
import { clear, defineEvent, optional, sealed } from './define-event';
import type { EventOf } from './define-event';
import { CHANNELS } from './touchpoint';

export const MAX_ITEMS = 1_000;

export const purchaseRecorded = defineEvent('purchase-recorded.v1', {
  occurredAt: optional(clear(instant)),
  channel: optional(clear(oneOf(CHANNELS))),
  orderId: sealed('by-purpose', text(256)),
  total: sealed('by-purpose', money),
  items: optional(sealed('by-purpose', listOf(item, MAX_ITEMS))),
  ...provenance,
});

export const purchaseRefunded = defineEvent('purchase-refunded.v1', {
  occurredAt: optional(clear(instant)),
  orderId: sealed('by-purpose', text(256)),
  amount: sealed('by-purpose', money),
  reason: optional(sealed('by-purpose', text())),
  ...provenance,
});

export type PurchaseEvent = EventOf<typeof purchaseRecorded> | EventOf<typeof purchaseRefunded>;
