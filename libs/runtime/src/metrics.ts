import type { Instant } from '#libs/core';
import { cci, ces, csat, nps } from '#libs/insight';
import type { MeanScore, PromoterScore, ScaleScore } from '#libs/insight';
import { dayAfter, periodOf } from './calendar';
import type { Period } from './calendar';
import { contactRows } from './contact-rows';
import type { ContactsBy, ContactsRow } from './contact-rows';
import { dayCounts } from './day-counts';
import type { DayRange, MonthOfCounts } from './day-counts';
import type { ServingGroups } from './segments';

/** At most one of `by` is a period. */
export interface ContactsQuestion extends DayRange {
  readonly by?: ContactsBy;
}

export interface SatisfactionQuestion extends DayRange {
  readonly by?: Period;
}

/** `from` and `to` where none was asked for: the first day there is, and the end of the last; `null` where there is none. */
export interface AnsweredRange {
  readonly from: Instant | null;
  readonly to: Instant | null;
}

export interface ContactsMetrics extends AnsweredRange {
  readonly by: ContactsBy;
  readonly rows: readonly ContactsRow[];
}

export interface Scores {
  readonly csat: ScaleScore;
  readonly nps: PromoterScore;
  readonly ces: ScaleScore;
  readonly cci: MeanScore;
}

export type SatisfactionRow = Readonly<Partial<Record<Period, string>>> & Scores;

export interface SatisfactionMetrics extends AnsweredRange, Scores {
  readonly rows?: readonly SatisfactionRow[];
}

/** By name of the counter. */
type Sums = Map<string, number>;

/** Questions about all customers together, answered from shared documents, whose buckets are summed here. */
export class Metrics {
  constructor(private readonly groups: ServingGroups) {}

  /** Rows in order of their period, channel, direction and kind, without those of 0; without `by` one row. Throws `MetricsTooBroadError`. */
  async contacts({ by = [], ...range }: ContactsQuestion): Promise<ContactsMetrics> {
    const months = await dayCounts(await this.groups.group('contacts'), 'contacts', range);
    return { ...answeredRange(months, range), by, rows: contactRows(months, by) };
  }

  /** Scores of the whole range; with `by` also those of every period in which anybody answered. Throws `MetricsTooBroadError`. */
  async satisfaction({ by, ...range }: SatisfactionQuestion): Promise<SatisfactionMetrics> {
    const months = await dayCounts(await this.groups.group('satisfaction'), 'satisfaction', range);
    const whole: Sums = new Map();
    const periods = new Map<string, Sums>();
    for (const { days, counts } of months) {
      const sumsOf = days.map((day) => (day === undefined ? [] : [whole, ...periodSums(periods, day, by)]));
      for (const [name, list] of counts) {
        for (const [i, count] of list.entries()) if (count !== 0) add(sumsOf[i], name, count);
      }
    }
    const answer = { ...answeredRange(months, range), ...scoresOf(whole) };
    if (by === undefined) return answer;
    const answered = [...periods].filter(([, sums]) => sums.size > 0);
    const sorted = answered.toSorted(([a], [b]) => (a < b ? -1 : 1));
    return { ...answer, rows: sorted.map(([period, sums]) => ({ [by]: period, ...scoresOf(sums) })) };
  }
}

/** The range that an answer is about: what was asked for, else where anything is counted. */
function answeredRange(months: readonly MonthOfCounts[], { from, to }: DayRange): AnsweredRange {
  const counted = months.flatMap(({ days, counts }) => {
    const lists = [...counts.values()];
    return days.filter((day, i) => day !== undefined && lists.some((list) => list[i] !== 0));
  });
  const last = counted[counted.length - 1];
  return { from: startOf(from ?? counted[0]), to: startOf(to ?? (last && dayAfter(last))) };
}

function startOf(day: string | undefined): Instant | null {
  return day === undefined ? null : `${day}T00:00:00.000Z`;
}

/** The sums of a day's period, where there are periods. */
function periodSums(periods: Map<string, Sums>, day: string, by: Period | undefined): readonly Sums[] {
  if (by === undefined) return [];
  const period = periodOf(day, by);
  const sums: Sums = periods.get(period) ?? new Map();
  periods.set(period, sums);
  return [sums];
}

function add(to: readonly Sums[] = [], name: string, count: number): void {
  for (const sums of to) sums.set(name, (sums.get(name) ?? 0) + count);
}

/** From counters named `instrument/score`, of a CCI `cci/answers` and `cci/sum`. */
function scoresOf(sums: Sums): Scores {
  const given: Record<'csat' | 'nps' | 'ces', number[]> = { csat: [], nps: [], ces: [] };
  for (const [name, count] of sums) {
    const [instrument, score] = name.split('/');
    if (instrument === 'csat' || instrument === 'nps' || instrument === 'ces')
      given[instrument][Number(score)] = count;
  }
  return {
    csat: csat(given.csat),
    nps: nps(given.nps),
    ces: ces(given.ces),
    cci: cci({ answers: sums.get('cci/answers') ?? 0, sum: sums.get('cci/sum') ?? 0 }),
  };
}
