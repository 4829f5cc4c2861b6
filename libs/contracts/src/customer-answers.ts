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
