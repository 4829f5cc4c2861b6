import type { Decider, Decision, Instant } from '#libs/core';
import type { Channel, FeedbackType, LedgerEvent, SeenEvent } from '#libs/events';
import { present, provenanceOf, refuseFuture } from './command';
import type { CustomerReference, Source } from './command';

export interface ReceiveFeedback {
  readonly customer: CustomerReference;
  readonly type: FeedbackType;
  readonly content: string;
  readonly occurredAt?: Instant;
  readonly channel?: Channel;
  readonly rating?: number;
  readonly source?: Source;
}

export interface FeedbackInput {
  readonly command: { readonly name: 'feedback'; readonly body: ReceiveFeedback };
  readonly now: Instant;
}

export type FeedbackState = Record<string, never>;

export const feedback: Decider<FeedbackInput, LedgerEvent, FeedbackState, SeenEvent> = {
  initialState: {},
  decide({ command, now }): Decision<LedgerEvent> {
    const { customer: _customer, source, ...fields } = command.body;
    const data = present({ ...fields, ...provenanceOf(source) });
    return refuseFuture(fields.occurredAt, now) ?? [{ type: 'feedback-received.v1', data }];
  },
  evolve: (state) => state,
};
