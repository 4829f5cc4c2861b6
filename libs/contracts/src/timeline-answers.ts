import { ApiProperty } from '@nestjs/swagger';
import type { Instant, JsonObject } from '#libs/core';
import { CHANNELS, DIRECTIONS } from '#libs/events';
import type { Channel, Direction } from '#libs/events';
import { Item, Money } from './purchase';
import { TIMELINE_KINDS } from './queries';
import type { TimelineKind } from './queries';

const instant = { type: String, format: 'date-time' } as const;
const id = { type: String, format: 'uuid' } as const;
const optionalText = { type: String, required: false } as const;
const optionalInteger = { type: 'integer', required: false } as const;

/** An event that changed, annotated or redacted a touchpoint. */
export class LaterEvent {
  @ApiProperty(id)
  declare readonly eventId: string;

  @ApiProperty(instant)
  declare readonly recordedAt: Instant;

  @ApiProperty({
    type: [String],
    required: false,
    description: 'Of a correction: the fields that it changed.',
  })
  declare readonly fields?: readonly string[];

  @ApiProperty(optionalText)
  declare readonly reason?: string;

  @ApiProperty({ ...optionalText, description: 'Of an annotation.' })
  declare readonly text?: string;
}

/** A touchpoint, purchase, refund, survey answer or piece of feedback, as corrected; what it has not is missing. */
export class TimelineEntry {
  @ApiProperty(id)
  declare readonly eventId: string;

  @ApiProperty({ type: 'integer', minimum: 0 })
  declare readonly revision: number;

  @ApiProperty({ type: String, enum: [...TIMELINE_KINDS] })
  declare readonly kind: TimelineKind;

  @ApiProperty({ type: String, example: 'touchpoint-recorded.v1' })
  declare readonly type: string;

  @ApiProperty({ ...optionalText, enum: [...CHANNELS] })
  declare readonly channel?: Channel;

  @ApiProperty({ ...optionalText, enum: [...DIRECTIONS] })
  declare readonly direction?: Direction;

  @ApiProperty({ ...instant, description: 'Where it was not said, when it was recorded.' })
  declare readonly occurredAt: Instant;

  @ApiProperty(instant)
  declare readonly recordedAt: Instant;

  @ApiProperty(optionalText)
  declare readonly subject?: string;

  @ApiProperty(optionalText)
  declare readonly content?: string;

  @ApiProperty(optionalText)
  declare readonly agent?: string;

  @ApiProperty(optionalText)
  declare readonly department?: string;

  @ApiProperty(optionalInteger)
  declare readonly durationSeconds?: number;

  @ApiProperty(optionalText)
  declare readonly outcome?: string;

  @ApiProperty(optionalText)
  declare readonly outcomeText?: string;

  @ApiProperty(optionalText)
  declare readonly threadId?: string;

  @ApiProperty(optionalText)
  declare readonly campaignId?: string;

  @ApiProperty(optionalText)
  declare readonly interactionId?: string;

  @ApiProperty({ type: 'object', additionalProperties: true, selfRequired: false })
  declare readonly attributes?: JsonObject;

  @ApiProperty({ ...optionalText, description: 'The latest that was reported.' })
  declare readonly status?: string;

  @ApiProperty(optionalText)
  declare readonly statusCode?: string;

  @ApiProperty({ ...instant, required: false })
  declare readonly statusAt?: Instant;

  @ApiProperty({ type: () => [LaterEvent], description: 'The latest of them.' })
  declare readonly corrections: readonly LaterEvent[];

  @ApiProperty({ type: Number, required: false, description: 'Corrections that are not listed any more.' })
  declare readonly earlierCorrections?: number;

  @ApiProperty({ type: () => [LaterEvent], required: false })
  declare readonly annotations?: readonly LaterEvent[];

  @ApiProperty({ type: Number, required: false, description: 'Annotations that are not listed any more.' })
  declare readonly earlierAnnotations?: number;

  @ApiProperty({ type: Boolean, required: false, description: 'Text, attributes and source are hidden.' })
  declare readonly redacted?: boolean;

  @ApiProperty({ type: () => LaterEvent, required: false })
  declare readonly redaction?: LaterEvent;

  @ApiProperty(optionalText)
  declare readonly orderId?: string;

  @ApiProperty({ type: () => Money, required: false })
  declare readonly total?: Money;

  @ApiProperty({ type: () => [Item], required: false })
  declare readonly items?: readonly Item[];

  @ApiProperty({ type: () => Money, required: false, description: 'Of a refund.' })
  declare readonly amount?: Money;

  @ApiProperty({ ...optionalText, description: 'Of a refund.' })
  declare readonly reason?: string;

  @ApiProperty(optionalText)
  declare readonly instrument?: string;

  @ApiProperty(optionalInteger)
  declare readonly score?: number;

  @ApiProperty(optionalText)
  declare readonly comment?: string;

  @ApiProperty({ ...id, required: false })
  declare readonly touchpointId?: string;

  @ApiProperty(optionalText)
  declare readonly feedbackType?: string;

  @ApiProperty(optionalInteger)
  declare readonly rating?: number;

  @ApiProperty(optionalText)
  declare readonly sourceSystem?: string;

  @ApiProperty(optionalText)
  declare readonly sourceId?: string;

  @ApiProperty(optionalText)
  declare readonly sourcePart?: string;
}

export class TimelinePage {
  @ApiProperty({ type: () => [TimelineEntry] })
  declare readonly items: readonly TimelineEntry[];

  @ApiProperty({ type: String, nullable: true })
  declare readonly next: string | null;
}
