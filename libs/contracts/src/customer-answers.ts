import { ApiProperty } from '@nestjs/swagger';
import type { Instant, JsonObject } from '#libs/core';
import { Identifier } from './identifier';
import { Item, Money } from './purchase';

const instant = { type: String, format: 'date-time' } as const;
const optionalInstant = { ...instant, required: false } as const;
const id = { type: String, format: 'uuid' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const counts = { type: 'object', additionalProperties: { type: 'integer' } } as const;
const word = { type: String, required: false } as const;
const free = { type: 'object', additionalProperties: true } as const;
const next = {
  type: String,
  nullable: true,
  description: 'The cursor of the next page; null where this is the last.',
} as const;

export class ContactCounts {
  @ApiProperty(counts)
  declare readonly byChannel: Readonly<Record<string, number>>;

  @ApiProperty(counts)
  declare readonly byDirection: Readonly<Record<string, number>>;
}

/** A sum in one currency; sums in other ones stand beside, because they cannot be added. */
export class MoneySum extends Money {
  @ApiProperty({ type: () => [Money], required: false })
  declare readonly others?: readonly Money[];
}

export class PurchaseTotals {
  @ApiProperty(count)
  declare readonly count: number;

  @ApiProperty({ type: () => MoneySum, nullable: true })
  declare readonly total: MoneySum | null;

  @ApiProperty({ type: () => MoneySum, required: false })
  declare readonly refunded?: MoneySum;
}

export class Completeness {
  @ApiProperty({ type: Boolean })
  declare readonly complete: boolean;

  @ApiProperty(optionalInstant)
  declare readonly parkedSince?: Instant;

  @ApiProperty(word)
  declare readonly reason?: string;
}

export class LoyaltySummary {
  @ApiProperty({ type: Number, minimum: 0, maximum: 100 })
  declare readonly score: number;

  @ApiProperty({ type: String })
  declare readonly tier: string;
}

export class LoyaltyModel {
  @ApiProperty({ type: String })
  declare readonly name: string;

  @ApiProperty({ type: 'integer' })
  declare readonly version: number;
}

export class LoyaltyComponent {
  @ApiProperty({ type: Number, minimum: 0, maximum: 1 })
  declare readonly value: number;

  @ApiProperty({ ...word, description: 'How it was filled in, where there is no data.' })
  declare readonly filled?: string;

  @ApiProperty({ type: [String], description: 'Ids of the latest events behind the number, at most 20.' })
  declare readonly from: readonly string[];

  @ApiProperty({ ...count, description: 'How many events are behind the number in all.' })
  declare readonly fromCount: number;
}

/** The formula is in docs/loyalty.md. */
export class Loyalty extends LoyaltySummary {
  @ApiProperty({ type: () => LoyaltyModel })
  declare readonly model: LoyaltyModel;

  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: '#/components/schemas/LoyaltyComponent' },
    description: 'By name: every number that the score is made of.',
  })
  declare readonly components: Readonly<Record<string, LoyaltyComponent>>;
}

export class CustomerSegment {
  @ApiProperty({ type: String })
  declare readonly segmentId: string;

  @ApiProperty({ ...instant, description: 'When the event occurred that moved the customer into it.' })
  declare readonly since: Instant;

  @ApiProperty({ type: String })
  declare readonly reason: string;

  @ApiProperty({ ...counts, description: 'r, f and m, each 1 to 5.' })
  declare readonly scores: Readonly<Record<string, number>>;

  @ApiProperty({ ...id, description: 'Id of that event.' })
  declare readonly because: string;
}

export class CustomerProfile {
  @ApiProperty(id)
  declare readonly customerId: string;

  @ApiProperty({ type: String, nullable: true })
  declare readonly name: string | null;

  @ApiProperty({ type: () => [Identifier] })
  declare readonly identifiers: readonly Identifier[];

  @ApiProperty(free)
  declare readonly attributes: JsonObject;

  @ApiProperty({ ...instant, nullable: true })
  declare readonly firstSeenAt: Instant | null;

  @ApiProperty({ ...instant, nullable: true })
  declare readonly lastContactAt: Instant | null;

  @ApiProperty({ type: () => ContactCounts })
  declare readonly counts: ContactCounts;

  @ApiProperty({ type: () => PurchaseTotals })
  declare readonly purchases: PurchaseTotals;

  @ApiProperty({ type: () => LoyaltySummary })
  declare readonly loyalty: LoyaltySummary;

  @ApiProperty({ type: () => [CustomerSegment] })
  declare readonly segments: readonly CustomerSegment[];

  @ApiProperty({ type: () => Completeness })
  declare readonly completeness: Completeness;
}

export class CustomerPage {
  @ApiProperty({ type: () => [CustomerProfile] })
  declare readonly items: readonly CustomerProfile[];

  @ApiProperty(next)
  declare readonly next: string | null;
}

export class PurchaseEntry {
  @ApiProperty({ type: String })
  declare readonly orderId: string;

  @ApiProperty({
    type: () => MoneySum,
    required: false,
    description: 'Missing where only a refund is known.',
  })
  declare readonly total?: MoneySum;

  @ApiProperty({ type: () => MoneySum, required: false })
  declare readonly refunded?: MoneySum;

  @ApiProperty(instant)
  declare readonly occurredAt: Instant;

  @ApiProperty({ type: () => [Item], required: false })
  declare readonly items?: readonly Item[];

  @ApiProperty({ type: Boolean, required: false, description: 'A refund whose purchase has not arrived.' })
  declare readonly unmatched?: boolean;
}

export class PurchasePage {
  @ApiProperty({ type: () => [PurchaseEntry] })
  declare readonly items: readonly PurchaseEntry[];

  @ApiProperty(next)
  declare readonly next: string | null;
}
