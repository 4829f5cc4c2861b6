import { ApiProperty } from '@nestjs/swagger';
import type { Instant, Json } from '#libs/core';
import { CustomerProfile, CustomerSegment, Loyalty } from './customer-answers';
import { Field, OptionalField } from './field';
import { instant as instantRule } from './instant';
import { CustomerQuery } from './queries';
import { oneOf, REFUSED, simple, uuid } from './rule';
import type { Rule } from './rule';

const REVISION = /^(0|[1-9]\d{0,15})$/;

/** Digits are a revision of the customer's stream, anything else an instant. */
const moment: Rule<number | Instant> = {
  ...simple<number | Instant>(
    'moment',
    { type: 'string' },
    'must be a revision or an RFC 3339 date-time with an offset',
    (value) => {
      if (typeof value !== 'number') return instantRule.read(value, {});
      return Number.isSafeInteger(value) && value >= 0 ? value : REFUSED;
    },
  ),
  fromText: (given) => (REVISION.test(given) ? Number(given) : given),
};

export const TIME_AXES = ['recorded', 'occurred'] as const;
export type TimeAxis = (typeof TIME_AXES)[number];

const MOMENT = 'A revision of the customer’s stream, or an RFC 3339 date-time with an offset.';

export class StateQuery extends CustomerQuery {
  @Field(moment, { description: `${MOMENT} On the axis occurred an instant.` })
  declare readonly at: number | Instant;

  @OptionalField(oneOf(TIME_AXES), {
    default: 'recorded',
    description:
      'recorded: what was known then; occurred: what had happened by then, by all that is known now.',
  })
  readonly axis: TimeAxis = 'recorded';

  @OptionalField(uuid, { description: 'Another fitted model than the one that was active then.' })
  declare readonly model?: string;
}

export class DiffQuery extends CustomerQuery {
  @Field(moment, { description: MOMENT })
  declare readonly from: number | Instant;

  @Field(moment, { description: `${MOMENT} Of the same kind as from, and not before it.` })
  declare readonly to: number | Instant;
}

const revision = { type: 'integer', minimum: 0 } as const;
const asked = {
  oneOf: [revision, { type: 'string', format: 'date-time' }],
  description: 'As it was asked: a revision or an instant.',
};
const value = {
  oneOf: [
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'array', items: {} },
    { type: 'object' },
  ],
  nullable: true,
  required: false,
};

/** A customer as of a moment; the parts in the shapes of their own answers. */
export class StateAnswer {
  @ApiProperty({ type: String, format: 'uuid' })
  declare readonly customerId: string;

  @ApiProperty(asked)
  declare readonly at: number | Instant;

  @ApiProperty({ ...revision, description: 'The last revision that was known.' })
  declare readonly revision: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The fitted model that segments are by; null where none was active.',
  })
  declare readonly model: string | null;

  @ApiProperty({ type: () => CustomerProfile })
  declare readonly profile: CustomerProfile;

  @ApiProperty({ type: () => Loyalty })
  declare readonly loyalty: Loyalty;

  @ApiProperty({ type: () => [CustomerSegment] })
  declare readonly segments: readonly CustomerSegment[];
}

export class ChangeAnswer {
  @ApiProperty({ type: String, description: 'JSON Pointer (RFC 6901) into the answer of state.' })
  declare readonly pointer: string;

  @ApiProperty({ ...value, description: 'Missing where the member was not there.' })
  declare readonly was?: Json;

  @ApiProperty({ ...value, description: 'Missing where the member is there no more.' })
  declare readonly now?: Json;

  @ApiProperty({
    type: [String],
    description:
      'Ids of the events that changed it, in order; the latest 100. Empty where another model did.',
  })
  declare readonly because: readonly string[];

  @ApiProperty({ ...revision, required: false, description: 'How many, where not all are named.' })
  declare readonly becauseCount?: number;
}

export class DiffAnswer {
  @ApiProperty(asked)
  declare readonly from: number | Instant;

  @ApiProperty(asked)
  declare readonly to: number | Instant;

  @ApiProperty({ type: 'integer', minimum: -1, description: '−1 where the customer was not known yet.' })
  declare readonly fromRevision: number;

  @ApiProperty(revision)
  declare readonly toRevision: number;

  @ApiProperty({ type: () => [ChangeAnswer] })
  declare readonly changes: readonly ChangeAnswer[];
}
