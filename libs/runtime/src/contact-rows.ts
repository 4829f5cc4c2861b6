import { periodOf } from './calendar';
import type { Period } from './calendar';
import { MetricsTooBroadError } from './day-counts';
import type { MonthOfCounts } from './day-counts';

const PERIODS = ['day', 'week', 'month'] as const;
const DIMENSIONS = ['channel', 'direction', 'kind'] as const;
export type ContactDimension = (typeof DIMENSIONS)[number];
export type ContactsBy = readonly (Period | ContactDimension)[];

export type ContactsRow = Readonly<Partial<Record<Period | ContactDimension, string>>> & {
  readonly count: number;
};

const MAX_ROWS = 100_000;

type Labels = readonly (readonly [ContactDimension, string])[];

/** What rows say beside their period and count, in their order, and which of these each counter belongs to. */
interface Columns {
  readonly labels: readonly Labels[];
  readonly placeOf: ReadonlyMap<string, number>;
}

/**
 * Contacts, counted by day and channel/direction/kind, as the rows that a question asks for: in order of period,
 * channel, direction and kind, without those of 0. Added up in a table and made into rows last: a year by day has
 * thousands, and a search for each by its names took most of an answer's time. Throws `MetricsTooBroadError`.
 */
export function contactRows(months: readonly MonthOfCounts[], by: ContactsBy): readonly ContactsRow[] {
  const period = PERIODS.find((name) => by.includes(name));
  const columns = columnsOf(months, by);
  const rows: ContactsRow[] = [];
  for (const [start, sums] of [...table(months, period, columns)].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (let i = 0; i < sums.length; i++) {
      const count = sums[i] ?? 0;
      if (count === 0) continue;
      if (rows.length === MAX_ROWS) throw new MetricsTooBroadError(`more than ${MAX_ROWS} rows`);
      rows.push(rowOf(period, start, columns.labels[i], count));
    }
  }
  return by.length === 0 && rows.length === 0 ? [{ count: 0 }] : rows;
}

/** Member by member in one order, so that all rows have one hidden class: spreading computed names took most of an answer’s time. */
function rowOf(period: Period | undefined, start: string, labels: Labels = [], count: number): ContactsRow {
  const row: { [name in Period | ContactDimension]?: string } = {};
  if (period !== undefined) row[period] = start;
  for (const [name, value] of labels) row[name] = value;
  return { ...row, count };
}

/** Sums by period, then by column; without a period all are in one. */
function table(
  months: readonly MonthOfCounts[],
  period: Period | undefined,
  { labels, placeOf }: Columns,
): ReadonlyMap<string, readonly number[]> {
  const periods = new Map<string, number[]>();
  for (const { days, counts } of months) {
    const sums = days.map((day) => {
      if (day === undefined) return undefined;
      const start = period === undefined ? '' : periodOf(day, period);
      const known = periods.get(start) ?? labels.map(() => 0);
      periods.set(start, known);
      return known;
    });
    for (const [name, list] of counts) {
      const place = placeOf.get(name) ?? 0;
      for (let day = 0; day < list.length; day++) {
        const row = sums[day];
        if (row !== undefined) row[place] = (row[place] ?? 0) + (list[day] ?? 0);
      }
    }
  }
  return periods;
}

function columnsOf(months: readonly MonthOfCounts[], by: ContactsBy): Columns {
  const dimensions = DIMENSIONS.filter((dimension) => by.includes(dimension));
  const keys = new Map<string, string>();
  for (const { counts } of months) {
    for (const name of counts.keys()) keys.set(name, dimensions.map((one) => partsOf(name)[one]).join('/'));
  }
  const all = [...new Set(keys.values())].map((key) => ({ key, parts: key.split('/') }));
  const sorted = all.toSorted((a, b) => compareParts(a.parts, b.parts));
  const places = new Map(sorted.map(({ key }, place) => [key, place]));
  return {
    labels: sorted.map(({ parts }) => dimensions.map((name, i) => [name, parts[i] ?? ''] as const)),
    placeOf: new Map([...keys].map(([name, key]) => [name, places.get(key) ?? 0])),
  };
}

function partsOf(name: string): Readonly<Record<ContactDimension, string>> {
  const [channel = '', direction = '', kind = ''] = name.split('/');
  return { channel, direction, kind };
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((part, place) => part !== b[place]);
  return i === -1 ? 0 : (a[i] ?? '') < (b[i] ?? '') ? -1 : 1;
}
