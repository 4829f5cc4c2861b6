import { parseInstant } from '#libs/core';
import { OptionalField } from './field';
import { oneOf, REFUSED, simple } from './rule';
import type { Rule } from './rule';

export const METRIC_PERIODS = ['day', 'week', 'month'] as const;
export type MetricPeriod = (typeof METRIC_PERIODS)[number];
export const CONTACT_DIMENSIONS = ['channel', 'direction', 'kind'] as const;
export type ContactDimension = (typeof CONTACT_DIMENSIONS)[number];

const DAY = /^\d{4}-\d\d-\d\d$/;
const DAY_LENGTH = 'YYYY-MM-DD'.length;
const MIDNIGHT = 'T00:00:00.000Z';

/** A UTC day as `YYYY-MM-DD`, given as such or as the instant at which it begins. */
const day: Rule<string> = simple(
  'day',
  { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d([Tt].*)?$' },
  'must be a day (YYYY-MM-DD) or an RFC 3339 instant at midnight UTC: metrics are kept by UTC day',
  (value) => {
    if (typeof value !== 'string') return REFUSED;
    const begins = parseInstant(DAY.test(value) ? value + MIDNIGHT : value);
    return begins?.endsWith(MIDNIGHT) === true ? begins.slice(0, DAY_LENGTH) : REFUSED;
  },
);

/** Names parted by commas, each once, of which at most one is a period. */
function grouping<const T extends string>(
  names: readonly (T | MetricPeriod)[],
): Rule<readonly (T | MetricPeriod)[]> {
  const message = `must be names parted by commas, each once and at most one of ${METRIC_PERIODS.join(' ')}: ${names.join(' ')}`;
  const one = names.join('|');
  const schema = { type: 'string', pattern: `^(${one})(,(${one}))*$` };
  return simple('grouping', schema, message, (value) => {
    if (typeof value !== 'string') return REFUSED;
    const given = value.split(',');
    const known = names.filter((name) => given.includes(name));
    const periods = METRIC_PERIODS.filter((period) => given.includes(period));
    if (known.length !== given.length || periods.length > 1) return REFUSED;
    return known;
  });
}

/**
 * Days are UTC: `from` inclusive, `to` exclusive. Counters are kept by whole days, so an instant within a day is
 * refused: an answer about a part of a day could only be a guess.
 */
export class MetricsRange {
  @OptionalField(day, {
    description: 'Inclusive: a UTC day, or the instant at which it begins. Missing: the first day there is.',
    example: '2026-01-01',
  })
  declare readonly from?: string;

  @OptionalField(day, {
    description:
      'Exclusive: a UTC day, or the instant at which it begins. Missing: the end of the last day there is.',
    example: '2026-02-01',
  })
  declare readonly to?: string;
}

export class ContactsQuery extends MetricsRange {
  @OptionalField(grouping([...METRIC_PERIODS, ...CONTACT_DIMENSIONS]), {
    description: 'What rows are told apart by: names parted by commas, at most one of day, week and month.',
    example: 'week,channel',
  })
  readonly by: readonly (MetricPeriod | ContactDimension)[] = [];
}

export class SatisfactionQuery extends MetricsRange {
  @OptionalField(oneOf(METRIC_PERIODS), { description: 'With it, rows for each of these periods.' })
  declare readonly by?: MetricPeriod;
}
