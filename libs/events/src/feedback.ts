import { instant, integer, oneOf, text } from './codec';
import { provenance } from './customer';
import { clear, defineEvent, optional, sealed } from './define-event';
import type { EventOf } from './define-event';
import { CHANNELS } from './touchpoint';

export const FEEDBACK_TYPES = ['complaint', 'suggestion', 'praise'] as const;
export type FeedbackType = (typeof FEEDBACK_TYPES)[number];

export const MIN_RATING = 0;
export const MAX_RATING = 100;

export const feedbackReceived = defineEvent('feedback-received.v1', {
  type: clear(oneOf(FEEDBACK_TYPES)),
  occurredAt: optional(clear(instant)),
  channel: optional(clear(oneOf(CHANNELS))),
  rating: optional(clear(integer(MIN_RATING, MAX_RATING))),
  content: sealed('by-purpose', text()),
  ...provenance,
});

export type FeedbackEvent = EventOf<typeof feedbackReceived>;
