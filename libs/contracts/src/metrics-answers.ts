import { ApiProperty } from '@nestjs/swagger';
import type { Instant } from '#libs/core';
import { CHANNELS, DIRECTIONS, TOUCHPOINT_KINDS } from '#libs/events';
import type { Channel, Direction, TouchpointKind } from '#libs/events';
import { CONTACT_DIMENSIONS, METRIC_PERIODS } from './metrics';
import type { ContactDimension, MetricPeriod } from './metrics';

const start = {
  type: String,
  format: 'date-time',
  nullable: true,
  description: 'Inclusive. Where none was asked for: the first day there is; null where there is none.',
} as const;
const end = {
  type: String,
  format: 'date-time',
  nullable: true,
  description:
    'Exclusive. Where none was asked for: the end of the last day there is; null where there is none.',
} as const;
const count = { type: 'integer', minimum: 0 } as const;
const percentage = { type: Number, nullable: true, minimum: 0, maximum: 100 } as const;
const byScore = {
  type: 'object',
  additionalProperties: count,
  description: 'Answers by score, every score of the scale.',
} as const;

/** A period of UTC days; the one that `by` names. */
class MetricsPeriod {
  @ApiProperty({ type: String, format: 'date', required: false, example: '2026-02-14' })
  declare readonly day?: string;

  @ApiProperty({ type: String, required: false, example: '2026-W07', description: 'ISO 8601.' })
  declare readonly week?: string;

  @ApiProperty({ type: String, required: false, example: '2026-02' })
  declare readonly month?: string;
}

/** Has what `by` names. Rows of 0 are left out, but without `by` there is always one row. */
export class ContactsRow extends MetricsPeriod {
  @ApiProperty({ type: String, enum: [...CHANNELS], required: false })
  declare readonly channel?: Channel;

  @ApiProperty({ type: String, enum: [...DIRECTIONS], required: false })
  declare readonly direction?: Direction;

  @ApiProperty({ type: String, enum: [...TOUCHPOINT_KINDS], required: false })
  declare readonly kind?: TouchpointKind;

  @ApiProperty({ ...count, description: 'Touchpoints that are not redacted.' })
  declare readonly count: number;
}

export class ContactsMetrics {
  @ApiProperty(start)
  declare readonly from: Instant | null;

  @ApiProperty(end)
  declare readonly to: Instant | null;

  @ApiProperty({ type: [String], enum: [...METRIC_PERIODS, ...CONTACT_DIMENSIONS] })
  declare readonly by: readonly (MetricPeriod | ContactDimension)[];

  @ApiProperty({ type: () => [ContactsRow], description: 'By period, channel, direction, kind.' })
  declare readonly rows: readonly ContactsRow[];
}

export class CsatScore {
  @ApiProperty({ ...percentage, description: 'How many of a hundred are a 4 or a 5; null without answers.' })
  declare readonly score: number | null;

  @ApiProperty(count)
  declare readonly answers: number;

  @ApiProperty(byScore)
  declare readonly distribution: Readonly<Record<string, number>>;
}

export class NpsScore {
  @ApiProperty({
    type: Number,
    nullable: true,
    minimum: -100,
    maximum: 100,
    description: 'Promoters less detractors, of a hundred answers; null without answers.',
  })
  declare readonly score: number | null;

  @ApiProperty({ ...count, description: 'Of 9 and 10.' })
  declare readonly promoters: number;

  @ApiProperty({ ...count, description: 'Of 7 and 8.' })
  declare readonly passives: number;

  @ApiProperty({ ...count, description: 'Of 0 to 6.' })
  declare readonly detractors: number;

  @ApiProperty(count)
  declare readonly answers: number;
}

export class CesScore {
  @ApiProperty({ type: Number, nullable: true, minimum: 1, maximum: 7, description: 'The mean.' })
  declare readonly score: number | null;

  @ApiProperty(count)
  declare readonly answers: number;

  @ApiProperty(byScore)
  declare readonly distribution: Readonly<Record<string, number>>;
}

export class CciScore {
  @ApiProperty({ ...percentage, description: 'The mean.' })
  declare readonly score: number | null;

  @ApiProperty(count)
  declare readonly answers: number;
}

/** Scores of a period in which anybody answered, with two decimals. */
export class SatisfactionRow extends MetricsPeriod {
  @ApiProperty({ type: () => CsatScore })
  declare readonly csat: CsatScore;

  @ApiProperty({ type: () => NpsScore })
  declare readonly nps: NpsScore;

  @ApiProperty({ type: () => CesScore })
  declare readonly ces: CesScore;

  @ApiProperty({ type: () => CciScore })
  declare readonly cci: CciScore;
}

/** Scores of the whole range, with two decimals. */
export class SatisfactionMetrics {
  @ApiProperty(start)
  declare readonly from: Instant | null;

  @ApiProperty(end)
  declare readonly to: Instant | null;

  @ApiProperty({ type: () => CsatScore })
  declare readonly csat: CsatScore;

  @ApiProperty({ type: () => NpsScore })
  declare readonly nps: NpsScore;

  @ApiProperty({ type: () => CesScore })
  declare readonly ces: CesScore;

  @ApiProperty({ type: () => CciScore })
  declare readonly cci: CciScore;

  @ApiProperty({
    type: () => [SatisfactionRow],
    required: false,
    description: 'With `by`, in order of time.',
  })
  declare readonly rows?: readonly SatisfactionRow[];
}
