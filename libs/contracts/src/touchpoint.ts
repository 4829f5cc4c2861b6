import type { Instant, JsonObject } from '#libs/core';
import type * as domain from '#libs/domain';
import { CHANNELS, DIRECTIONS, MAX_DURATION_SECONDS, PURPOSES, TOUCHPOINT_KINDS } from '#libs/events';
import type * as events from '#libs/events';
import { attributes } from './attributes';
import { CommandMessage, OCCURRED_AT, source } from './command-message';
import { Field, OptionalField, PathField } from './field';
import { customerReference } from './identifier';
import { instant } from './instant';
import { code, exactlyOne, integer, object, oneOf, reference, text, uuid } from './rule';

const channel = oneOf(CHANNELS);
const direction = oneOf(DIRECTIONS);
const reason = text({ min: 1 });

/** What a touchpoint says and a correction may say anew; below `CommandMessage` because a class has one base. */
abstract class TouchpointFields extends CommandMessage {
  @OptionalField(instant, OCCURRED_AT)
  declare readonly occurredAt?: Instant;

  @OptionalField(oneOf(TOUCHPOINT_KINDS), {
    description: 'Of a new touchpoint `message` where it is not said.',
  })
  declare readonly kind?: events.TouchpointKind;

  @OptionalField(text())
  declare readonly subject?: string;

  @OptionalField(text())
  declare readonly content?: string;

  @OptionalField(code, { description: 'A pseudonym, never a name.' })
  declare readonly agent?: string;

  @OptionalField(code)
  declare readonly department?: string;

  @OptionalField(integer({ min: 0, max: MAX_DURATION_SECONDS }))
  declare readonly durationSeconds?: number;

  @OptionalField(code)
  declare readonly outcome?: string;

  @OptionalField(text())
  declare readonly outcomeText?: string;

  @OptionalField(text({ min: 1, max: 1024 }))
  declare readonly threadId?: string;

  @OptionalField(code)
  declare readonly campaignId?: string;

  @OptionalField(reference)
  declare readonly interactionId?: string;

  @OptionalField(attributes)
  declare readonly attributes?: domain.Attributes;
}

export class RecordTouchpoint extends TouchpointFields implements domain.RecordTouchpoint {
  @Field(customerReference)
  declare readonly customer: domain.CustomerReference;

  @Field(channel)
  declare readonly channel: events.Channel;

  @Field(direction)
  declare readonly direction: events.Direction;

  @OptionalField(oneOf(PURPOSES), { description: '`service` where it is not said.' })
  declare readonly purpose?: events.Purpose;

  @OptionalField(source)
  declare readonly source?: domain.Source;
}

export class CorrectedFields extends TouchpointFields implements domain.CorrectedFields {
  @OptionalField(channel)
  declare readonly channel?: events.Channel;

  @OptionalField(direction)
  declare readonly direction?: events.Direction;
}

export class CorrectTouchpoint extends CommandMessage implements domain.CorrectTouchpoint {
  @PathField(uuid)
  declare readonly eventId: string;

  @Field(object<domain.CorrectedFields>(() => CorrectedFields, someField))
  declare readonly fields: domain.CorrectedFields;

  @Field(reason)
  declare readonly reason: string;
}

export class RedactTouchpoint extends CommandMessage implements domain.RedactTouchpoint {
  @PathField(uuid)
  declare readonly eventId: string;

  @Field(reason)
  declare readonly reason: string;
}

export class AnnotateTouchpoint extends CommandMessage implements domain.AnnotateTouchpoint {
  @PathField(uuid)
  declare readonly eventId: string;

  @Field(text({ min: 1 }))
  declare readonly text: string;
}

abstract class StatusFields extends CommandMessage {
  @Field(code, { example: 'delivered' })
  declare readonly status: string;

  @OptionalField(instant, OCCURRED_AT)
  declare readonly occurredAt?: Instant;

  @OptionalField(code)
  declare readonly code?: string;

  @OptionalField(text())
  declare readonly detail?: string;
}

export class ReportStatus extends StatusFields implements domain.ReportStatus {
  @PathField(uuid)
  declare readonly eventId: string;
}

/** A touchpoint by its event or by the message that it came from. */
export class TouchpointReference {
  @OptionalField(uuid)
  declare readonly id?: string;

  @OptionalField(source)
  declare readonly source?: domain.Source;
}

/** A status in bulk, where no path names the touchpoint. */
export class BulkTouchpointStatus extends StatusFields implements Omit<domain.ReportStatus, 'eventId'> {
  @Field(
    object<{ readonly id: string } | { readonly source: domain.Source }>(
      () => TouchpointReference,
      exactlyOne('id', 'source'),
    ),
  )
  declare readonly touchpoint: { readonly id: string } | { readonly source: domain.Source };
}

function someField(fields: JsonObject): string | undefined {
  for (const name in fields) if (fields[name] !== undefined) return undefined;
  return 'must have at least one field';
}
