import type { Instant } from '#libs/core';
import { CHANNELS, DIRECTIONS, TOUCHPOINT_KINDS } from '#libs/events';
import type { Channel, Direction } from '#libs/events';
import { OptionalField } from './field';
import { instant } from './instant';
import { code, integer, oneOf, pattern, text, uuid } from './rule';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;
export const MAX_WAIT_MS = 10_000;

const MAX_CURSOR_LENGTH = 4096;

const limit = integer({ min: 1, max: MAX_LIMIT });
const cursor = text({ min: 1, max: MAX_CURSOR_LENGTH });
const FROM = { description: 'Inclusive.' };
const TO = { description: 'Exclusive.' };
const LIMIT = { default: DEFAULT_LIMIT };
const CURSOR = { description: "An earlier page's `next`." };

export class PageQuery {
  @OptionalField(limit, LIMIT)
  readonly limit: number = DEFAULT_LIMIT;

  @OptionalField(cursor, CURSOR)
  declare readonly cursor?: string;
}

/** Of every question about one customer: reading one's own write. */
export class CustomerQuery {
  @OptionalField(integer({ min: 0 }), { description: 'Revision that the answer should have reached.' })
  declare readonly waitFor?: number;

  @OptionalField(integer({ min: 0, max: MAX_WAIT_MS }), { description: 'How long to wait for it.' })
  declare readonly waitMs?: number;
}

export class CustomerPageQuery extends CustomerQuery implements PageQuery {
  @OptionalField(limit, LIMIT)
  readonly limit: number = DEFAULT_LIMIT;

  @OptionalField(cursor, CURSOR)
  declare readonly cursor?: string;
}

export const CUSTOMER_SORTS = ['loyalty', '-loyalty'] as const;
export type CustomerSort = (typeof CUSTOMER_SORTS)[number];

/** Without `sort` in order of their ids: complete while customers come and change. */
export class CustomersQuery extends PageQuery {
  @OptionalField(code, { description: 'Id of a segment.' })
  declare readonly segment?: string;

  @OptionalField(code, { description: 'Tier of loyalty.' })
  declare readonly tier?: string;

  @OptionalField(text({ min: 1, max: 1024 }), {
    description:
      'All words, as prefixes of words of name and identifiers. Not for keys that see masked data.',
  })
  declare readonly q?: string;

  @OptionalField(oneOf(CUSTOMER_SORTS), {
    description: 'While scores change, an item may repeat or be missed.',
  })
  declare readonly sort?: CustomerSort;
}

/** A touchpoint's kind, or what else an entry of a timeline may be. */
export const TIMELINE_KINDS = [
  ...TOUCHPOINT_KINDS,
  'purchase',
  'refund',
  'survey-answer',
  'feedback',
] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

export const ORDERS = ['asc', 'desc'] as const;
export type Order = (typeof ORDERS)[number];

export class TimelineQuery extends CustomerPageQuery {
  @OptionalField(oneOf(CHANNELS))
  declare readonly channel?: Channel;

  @OptionalField(oneOf(TIMELINE_KINDS))
  declare readonly kind?: TimelineKind;

  @OptionalField(oneOf(DIRECTIONS))
  declare readonly direction?: Direction;

  @OptionalField(instant, FROM)
  declare readonly from?: Instant;

  @OptionalField(instant, TO)
  declare readonly to?: Instant;

  @OptionalField(text({ min: 1, max: 1024 }), { description: 'All words, as prefixes of words.' })
  declare readonly q?: string;

  @OptionalField(oneOf(ORDERS), { default: 'desc' })
  readonly order: Order = 'desc';
}

export class HistoryQuery extends CustomerPageQuery {
  @OptionalField(instant, FROM)
  declare readonly from?: Instant;

  @OptionalField(instant, TO)
  declare readonly to?: Instant;

  @OptionalField(integer({ min: -1 }), { description: 'Only events after this revision.' })
  declare readonly after?: number;

  @OptionalField(oneOf(['record']), { description: 'As committed, so that the chain can be recomputed.' })
  declare readonly form?: 'record';
}

export class FeedQuery {
  @OptionalField(uuid)
  declare readonly customer?: string;

  @OptionalField(
    pattern(
      /^(?=.{1,4096}$)[a-z0-9._-]{1,64}(,[a-z0-9._-]{1,64})*$/,
      'must be event types, parted by commas',
    ),
  )
  declare readonly types?: string;
}

export class BulkQuery {
  @OptionalField(oneOf(['ndjson']), { description: 'All errors, one a line, instead of the first 1,000.' })
  declare readonly errors?: 'ndjson';
}
