import type { Instant } from '#libs/core';
import type * as domain from '#libs/domain';
import { CHANNELS, FEEDBACK_TYPES, MAX_RATING, MIN_RATING } from '#libs/events';
import type { Channel, FeedbackType } from '#libs/events';
import { CommandMessage, OCCURRED_AT, source } from './command-message';
import { Field, OptionalField } from './field';
import { customerReference } from './identifier';
import { instant } from './instant';
import { integer, oneOf, text } from './rule';

export class ReceiveFeedback extends CommandMessage implements domain.ReceiveFeedback {
  @Field(customerReference)
  declare readonly customer: domain.CustomerReference;

  @Field(oneOf(FEEDBACK_TYPES))
  declare readonly type: FeedbackType;

  @Field(text({ min: 1 }))
  declare readonly content: string;

  @OptionalField(instant, OCCURRED_AT)
  declare readonly occurredAt?: Instant;

  @OptionalField(oneOf(CHANNELS))
  declare readonly channel?: Channel;

  @OptionalField(integer({ min: MIN_RATING, max: MAX_RATING }))
  declare readonly rating?: number;

  @OptionalField(source)
  declare readonly source?: domain.Source;
}
