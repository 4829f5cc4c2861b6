import type { Instant } from '#libs/core';
import type * as domain from '#libs/domain';
import { CHANNELS, MAX_ITEMS } from '#libs/events';
import type * as events from '#libs/events';
import { CommandMessage, OCCURRED_AT, source } from './command-message';
import { Field, OptionalField, PathField } from './field';
import { customerReference } from './identifier';
import { instant } from './instant';
import { integer, listOf, object, oneOf, pattern, text } from './rule';

const AMOUNT = 'must be a decimal of at most 15 digits before and 6 after the point, as text';

const currency = pattern(/^[A-Z]{3}$/, 'must be an ISO 4217 code: three capital letters');
const orderId = pattern(
  /^\P{Cc}{1,256}$/u,
  'must have 1 to 256 characters, none of them a control character',
);

export class Money implements events.Money {
  @Field(pattern(/^\d{1,15}(\.\d{1,6})?$/, `${AMOUNT}, not negative`), { example: '29.33' })
  declare readonly amount: string;

  @Field(currency, { example: 'GBP' })
  declare readonly currency: string;
}

/** Negative for a discount that is an item of its own. */
export class UnitPrice implements events.Money {
  @Field(pattern(/^-?\d{1,15}(\.\d{1,6})?$/, AMOUNT), { example: '-5.00' })
  declare readonly amount: string;

  @Field(currency, { example: 'GBP' })
  declare readonly currency: string;
}

export class Item implements events.Item {
  @Field(text({ min: 1, max: 256 }))
  declare readonly sku: string;

  @OptionalField(text({ max: 1024 }))
  declare readonly name?: string;

  @Field(integer({ min: 1 }))
  declare readonly quantity: number;

  @OptionalField(object<events.Money>(() => UnitPrice))
  declare readonly unitPrice?: events.Money;
}

const money = object<events.Money>(() => Money);

export class RecordPurchase extends CommandMessage implements domain.RecordPurchase {
  @Field(customerReference)
  declare readonly customer: domain.CustomerReference;

  @Field(orderId)
  declare readonly orderId: string;

  @Field(money)
  declare readonly total: events.Money;

  @OptionalField(instant, OCCURRED_AT)
  declare readonly occurredAt?: Instant;

  @OptionalField(
    listOf(
      object<events.Item>(() => Item),
      { min: 0, max: MAX_ITEMS },
    ),
  )
  declare readonly items?: readonly events.Item[];

  @OptionalField(oneOf(CHANNELS))
  declare readonly channel?: events.Channel;

  @OptionalField(source)
  declare readonly source?: domain.Source;
}

export class RefundPurchase extends CommandMessage implements domain.RefundPurchase {
  @PathField(orderId)
  declare readonly orderId: string;

  @Field(customerReference)
  declare readonly customer: domain.CustomerReference;

  @Field(money)
  declare readonly amount: events.Money;

  @OptionalField(instant, OCCURRED_AT)
  declare readonly occurredAt?: Instant;

  @OptionalField(text())
  declare readonly reason?: string;

  @OptionalField(source)
  declare readonly source?: domain.Source;
}
