/**
 * RFM: recency in days, frequency in purchases, monetary in one currency, each scored 1 to 5 by frozen edges.
 * Formula, grid and a worked example for people: docs/segments.md.
 */

/** What a customer is scored by. `monetary`: totals − refunds of one currency, in millionths of its unit. */
export interface RfmValues {
  readonly recencyDays: number;
  readonly purchases: number;
  readonly monetary: bigint;
}

/** Four ascending edges of each value, the ones at `EDGE_PERCENTS`; of money as decimals in plain notation. */
export interface RfmEdges {
  readonly recency: readonly number[];
  readonly frequency: readonly number[];
  readonly monetary: readonly string[];
}

/** Each from 1 to `RFM_CLASSES`, 5 the best: of `r` the most recent. */
export interface RfmScores {
  readonly r: number;
  readonly f: number;
  readonly m: number;
}

/** A fitted model: what is needed to give everybody the same segment again at any time. */
export interface RfmModel {
  readonly modelId: string;
  readonly kind: 'rfm';
  readonly asOf: string;
  readonly currency: string;
  readonly edges: RfmEdges;
  /** Segment of each cell: `"543"` is r 5, f 4, m 3. */
  readonly table: Readonly<Record<string, string>>;
  /** Position of the ledger that the fit has read up to. */
  readonly through: number;
  /** How many customers the edges are taken from. */
  readonly population: number;
}

/** A purchase (`p`) or a refund (`r`) of a customer. */
export interface RfmEntry {
  readonly kind: 'p' | 'r';
  readonly occurredAt: string;
  readonly amount: string;
  readonly currency: string;
}

export const EDGE_PERCENTS: readonly number[] = [20, 40, 60, 80];
export const RFM_CLASSES = EDGE_PERCENTS.length + 1;

/** The most fraction digits that the ledger's money has. */
const FRACTION_DIGITS = 6;
const DAY_MS = 86_400_000;

/** Every segment's code and what people call it. */
export const RFM_SEGMENTS = {
  champions: 'Champions',
  loyal: 'Loyal',
  'potential-loyalist': 'Potential loyalists',
  new: 'New',
  promising: 'Promising',
  'needs-attention': 'Needs attention',
  'about-to-sleep': 'About to sleep',
  'at-risk': 'At risk',
  'cannot-lose': 'Cannot lose them',
  hibernating: 'Hibernating',
} as const satisfies Readonly<Record<string, string>>;
export type RfmSegment = keyof typeof RFM_SEGMENTS;

const NOT_RECENT: readonly RfmSegment[] = ['hibernating', 'hibernating', 'at-risk', 'at-risk', 'cannot-lose'];
/** Rows: r from 1 to 5. Columns: the mean of f and m, halves rounded up, from 1 to 5. */
const GRID: readonly (readonly RfmSegment[])[] = [
  NOT_RECENT,
  NOT_RECENT,
  ['about-to-sleep', 'about-to-sleep', 'needs-attention', 'loyal', 'loyal'],
  ['promising', 'potential-loyalist', 'potential-loyalist', 'loyal', 'loyal'],
  ['new', 'potential-loyalist', 'potential-loyalist', 'champions', 'champions'],
];

/** The segment of each of the 125 cells from `"111"` to `"555"`. */
export const RFM_TABLE: Readonly<Record<string, RfmSegment>> = tableOfGrid();

function tableOfGrid(): Record<string, RfmSegment> {
  const table: Record<string, RfmSegment> = {};
  for (const [row, segments] of GRID.entries()) {
    for (let f = 1; f <= RFM_CLASSES; f++) {
      for (let m = 1; m <= RFM_CLASSES; m++) {
        const segment = segments[Math.floor((f + m + 1) / 2) - 1];
        if (segment !== undefined) table[cellOf({ r: row + 1, f, m })] = segment;
      }
    }
  }
  return table;
}

export function cellOf({ r, f, m }: RfmScores): string {
  return `${r}${f}${m}`;
}

/** Edges by nearest rank: of n ascending values the one at place ⌈n × percent / 100⌉. `undefined` of nobody. */
export function fitRfm(population: readonly RfmValues[]): RfmEdges | undefined {
  if (population.length === 0) return undefined;
  return {
    recency: edgesOf(population.map((values) => values.recencyDays)),
    frequency: edgesOf(population.map(({ purchases }) => purchases)),
    monetary: edgesOf(population.map(({ monetary }) => monetary)).map(decimalOf),
  };
}

function edgesOf<T extends number | bigint>(values: readonly T[]): readonly T[] {
  const ascending = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return EDGE_PERCENTS.flatMap((percent) => {
    const place = Math.ceil((values.length * percent) / 100);
    return ascending.slice(place - 1, place);
  });
}

/** 1 + the number of edges that are below the value, a value on an edge not above it; of recency the other way round. */
export function rfmScores(edges: RfmEdges, values: RfmValues): RfmScores {
  return {
    r: RFM_CLASSES - countBelow(edges.recency, values.recencyDays),
    f: 1 + countBelow(edges.frequency, values.purchases),
    m: 1 + countBelow(edges.monetary.map(millionthsOf), values.monetary),
  };
}

function countBelow<T extends number | bigint>(edges: readonly T[], value: T): number {
  let count = 0;
  for (const edge of edges) if (edge < value) count++;
  return count;
}

/** Days of the UTC calendar from one instant to another; 0 where it is the later one. */
export function recencyDays(asOf: string, occurredAt: string): number {
  return Math.max(0, dayOf(asOf) - dayOf(occurredAt));
}

function dayOf(instant: string): number {
  return Math.floor(Date.parse(instant) / DAY_MS);
}

/**
 * A customer's values as they stood at an instant: of what happened before it, in one currency. `undefined` without a
 * purchase by then: no part of the population. Purchases in other currencies count, their money does not.
 */
export function rfmValuesOf(
  entries: Iterable<RfmEntry>,
  { asOf, currency }: Pick<RfmModel, 'asOf' | 'currency'>,
): RfmValues | undefined {
  let purchases = 0;
  let monetary = 0n;
  let last = '';
  for (const entry of entries) {
    if (entry.occurredAt >= asOf) continue;
    const isPurchase = entry.kind === 'p';
    if (isPurchase) {
      purchases++;
      if (entry.occurredAt > last) last = entry.occurredAt;
    }
    if (entry.currency !== currency) continue;
    const amount = millionthsOf(entry.amount);
    monetary += isPurchase ? amount : -amount;
  }
  return purchases === 0 ? undefined : { recencyDays: recencyDays(asOf, last), purchases, monetary };
}

/** A decimal in plain notation as a whole number of millionths; digits beyond those are cut. */
export function millionthsOf(decimal: string): bigint {
  const point = decimal.indexOf('.');
  if (point === -1) return BigInt(decimal + '0'.repeat(FRACTION_DIGITS));
  const fraction = decimal.slice(point + 1, point + 1 + FRACTION_DIGITS);
  return BigInt(decimal.slice(0, point) + fraction.padEnd(FRACTION_DIGITS, '0'));
}

/** The shortest plain notation: no zeros at the end of a fraction, no fraction of zeros. */
export function decimalOf(millionths: bigint): string {
  const digits = (millionths < 0n ? -millionths : millionths).toString().padStart(FRACTION_DIGITS + 1, '0');
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '');
  const sign = millionths < 0n ? '-' : '';
  return sign + digits.slice(0, -FRACTION_DIGITS) + (fraction === '' ? '' : `.${fraction}`);
}
