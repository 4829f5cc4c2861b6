import { isJsonObject } from '#libs/core';
import type { DocumentGroup } from '#libs/core';

/** UTC days `YYYY-MM-DD`, `from` inclusive, `to` exclusive. Missing: the first or the last day there is. */
export interface DayRange {
  readonly from?: string;
  readonly to?: string;
}

/** A month's counters, of all buckets together. */
export interface MonthOfCounts {
  /** By day of the month: the day, or `undefined` where it is outside the range. */
  readonly days: readonly (string | undefined)[];
  /** By name, then by day of the month, whether or not in the range. */
  readonly counts: ReadonlyMap<string, readonly number[]>;
}

/** Months with anything in them that one answer reads: 40 years. */
const MAX_MONTHS = 480;
const PAGE = 10_000;
const MONTH_LENGTH = 'YYYY-MM'.length;
const INDEX = 'by-month';
const FIRST_DAY = '-01';
const DAYS = Array.from({ length: 31 }, (_, i) => String(i + 1).padStart(2, '0'));

/** The question is good but its answer is too much work; `message` says what is. */
export class MetricsTooBroadError extends Error {
  override readonly name = 'MetricsTooBroadError';
}

/**
 * Counters of a projection that counts by day (`{month, counts: {name: [by day of the month]}}`), in order of time.
 * Throws `MetricsTooBroadError`.
 */
export async function dayCounts(
  group: DocumentGroup,
  projection: string,
  { from, to }: DayRange,
): Promise<readonly MonthOfCounts[]> {
  if (from !== undefined && to !== undefined && from >= to) return [];
  const months = new Map<string, Map<string, number[]>>();
  const bounds = {
    ...(from === undefined ? {} : { from: from.slice(0, MONTH_LENGTH) }),
    // A month sorts before its days, so a day that ends the range within its month lets that month in.
    ...(to === undefined ? {} : { to: to.endsWith(FIRST_DAY) ? to.slice(0, MONTH_LENGTH) : to }),
  };
  let cursor: string | undefined;
  do {
    const after = cursor === undefined ? {} : { cursor };
    const query = { index: INDEX, equals: {}, ...bounds, order: 'asc', limit: PAGE, ...after } as const;
    const { items, next } = await group.find(projection, query);
    for (const { month, counts } of items) {
      if (typeof month !== 'string' || !isJsonObject(counts)) continue;
      const sums = months.get(month) ?? new Map<string, number[]>();
      months.set(month, sums);
      for (const name in counts) addDays(sums, name, counts[name]);
    }
    if (months.size > MAX_MONTHS) throw new MetricsTooBroadError(`more than ${MAX_MONTHS} months`);
    cursor = next;
  } while (cursor !== undefined);
  return [...months].map(([month, counts]) => ({ days: daysOf(month, { from, to }), counts }));
}

function addDays(sums: Map<string, number[]>, name: string, days: unknown): void {
  const list: readonly unknown[] = Array.isArray(days) ? days : [];
  let sum = sums.get(name);
  if (sum === undefined) sums.set(name, (sum = list.map(() => 0)));
  for (let day = 0; day < list.length; day++) {
    const count = list[day];
    if (typeof count === 'number') sum[day] = (sum[day] ?? 0) + count;
  }
}

function daysOf(month: string, { from, to }: DayRange): readonly (string | undefined)[] {
  return DAYS.map((number) => {
    const day = `${month}-${number}`;
    return (from === undefined || day >= from) && (to === undefined || day < to) ? day : undefined;
  });
}
