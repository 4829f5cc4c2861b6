import type { Decider, Decision, Instant } from '#libs/core';
import type { Channel, Item, LedgerEvent, Money, SeenEvent } from '#libs/events';
import { present, provenanceOf, refuseFuture } from './command';
import type { CustomerReference, Source } from './command';

export interface RecordPurchase {
  readonly customer: CustomerReference;
  readonly orderId: string;
  readonly total: Money;
  readonly occurredAt?: Instant;
  readonly items?: readonly Item[];
  readonly channel?: Channel;
  readonly source?: Source;
}

/** An order that is not known is accepted: its purchase may arrive later, from another system. */
export interface RefundPurchase {
  readonly orderId: string;
  readonly customer: CustomerReference;
  readonly amount: Money;
  readonly occurredAt?: Instant;
  readonly reason?: string;
  readonly source?: Source;
}

export type PurchaseCommand =
  | { readonly name: 'purchase'; readonly body: RecordPurchase }
  | { readonly name: 'refund'; readonly body: RefundPurchase };

/** Orders are sealed, so no state of theirs is kept: what was sold and paid back is the purchases read model's. */
export type PurchaseState = Record<string, never>;

export interface PurchaseInput {
  readonly command: PurchaseCommand;
  readonly now: Instant;
}

export const purchase: Decider<PurchaseInput, LedgerEvent, PurchaseState, SeenEvent> = {
  initialState: {},
  decide({ command, now }): Decision<LedgerEvent> {
    const refused = refuseFuture(command.body.occurredAt, now);
    if (refused !== undefined) return refused;
    const { customer: _customer, source, ...fields } = command.body;
    const data = { ...fields, ...provenanceOf(source) };
    if (command.name === 'purchase') {
      const { orderId, total, items, channel } = command.body;
      return [{ type: 'purchase-recorded.v1', data: present({ ...data, orderId, total, items, channel }) }];
    }
    const { orderId, amount, reason } = command.body;
    return [{ type: 'purchase-refunded.v1', data: present({ ...data, orderId, amount, reason }) }];
  },
  evolve: (state) => state,
};
