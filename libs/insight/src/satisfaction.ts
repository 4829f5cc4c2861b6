/** How many gave each score: the index is the score. */
export type Distribution = readonly number[];

/** `score`: two decimals at the most, `null` where nobody answered. `distribution`: answers by score, every score of the scale. */
export interface ScaleScore {
  readonly score: number | null;
  readonly answers: number;
  readonly distribution: Readonly<Record<string, number>>;
}

export interface PromoterScore {
  readonly score: number | null;
  readonly promoters: number;
  readonly passives: number;
  readonly detractors: number;
  readonly answers: number;
}

export interface MeanScore {
  readonly score: number | null;
  readonly answers: number;
}

const CSAT_SCALE = [1, 5] as const;
const CSAT_SATISFIED = 4;
const NPS_PASSIVE = 7;
const NPS_PROMOTER = 9;
const NPS_HIGHEST = 10;
const CES_SCALE = [1, 7] as const;

/** Customer satisfaction: how many of a hundred answers are a 4 or a 5. */
export function csat(distribution: Distribution): ScaleScore {
  const [low, high] = CSAT_SCALE;
  const answers = sumOf(distribution, low, high);
  const score = ratio(100 * sumOf(distribution, CSAT_SATISFIED, high), answers);
  return { score, answers, distribution: byScore(distribution, CSAT_SCALE) };
}

/** Net promoter score, −100 to 100: how many more of a hundred gave 9 or 10 than gave 6 or less. */
export function nps(distribution: Distribution): PromoterScore {
  const promoters = sumOf(distribution, NPS_PROMOTER, NPS_HIGHEST);
  const passives = sumOf(distribution, NPS_PASSIVE, NPS_PROMOTER - 1);
  const detractors = sumOf(distribution, 0, NPS_PASSIVE - 1);
  const answers = promoters + passives + detractors;
  return { score: ratio(100 * (promoters - detractors), answers), promoters, passives, detractors, answers };
}

/** Customer effort score: the mean of 1 to 7. */
export function ces(distribution: Distribution): ScaleScore {
  const [low, high] = CES_SCALE;
  const answers = sumOf(distribution, low, high);
  let sum = 0;
  for (let score = low; score <= high; score++) sum += score * (distribution[score] ?? 0);
  return { score: ratio(sum, answers), answers, distribution: byScore(distribution, CES_SCALE) };
}

/** CCI: the mean of 0 to 100, from how many answered and the sum of what they gave. */
export function cci({ answers, sum }: { readonly answers: number; readonly sum: number }): MeanScore {
  return { score: ratio(sum, answers), answers };
}

function sumOf(distribution: Distribution, low: number, high: number): number {
  let sum = 0;
  for (let score = low; score <= high; score++) sum += distribution[score] ?? 0;
  return sum;
}

function byScore(distribution: Distribution, [low, high]: readonly [number, number]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let score = low; score <= high; score++) counts[score] = distribution[score] ?? 0;
  return counts;
}

/** Two decimals, halves away from zero, so that a score and its opposite are rounded alike; never −0. */
function ratio(part: number, whole: number): number | null {
  if (whole <= 0) return null;
  const hundredths = Math.round((100 * Math.abs(part)) / whole);
  return hundredths === 0 ? 0 : (Math.sign(part) * hundredths) / 100;
}
