/**
 * Loyalty, model 1: the mission's formulas, each component normalised to 0–1. Plain arithmetic on IEEE doubles,
 * rounded once, at the end. docs/loyalty.md is the same for a person with a pocket calculator.
 *
 *     satisfaction CS = service quality × needs met × feedback handling
 *     loyalty      CR = √CS × purchase frequency × inclination
 *     score           = 100 × CR, rounded to hundredths
 *
 * There is no clock in it: time enters through the times of events only, so the same events give the same score on
 * any day. What has no data is filled in with a fixed value, and says so.
 */
export const LOYALTY_MODEL = { name: 'mission-formula', version: 1 } as const;

/** Lowest score of an instrument and the steps from there to its highest; 7 of CES means easy. */
export const SURVEY_SCALES = {
  csat: { lowest: 1, steps: 4 },
  ces: { lowest: 1, steps: 6 },
  nps: { lowest: 0, steps: 10 },
  cci: { lowest: 0, steps: 100 },
} as const;
export type SurveyInstrument = keyof typeof SURVEY_SCALES;

/** What a component is worth where there is nothing to tell. */
const NEUTRAL_VALUE = 0.5;
/** A complaint answered after this time is worth half of one that is answered at once. */
const HALF_VALUE_HOURS = 24;
const HOUR_MS = 3_600_000;
const MONTH_MS = 30 * 86_400_000;
/** Keeps a customer of few days from being a perfect one: as if there had been so many months without a purchase. */
const PRIOR_MONTHS = 6;
/** Unit of the value of complaints that are held as a sum. */
const MILLIONTHS = 1_000_000;

/** A tier holds the scores from its edge up to the next one's. Highest first; the last edge is 0. */
export const LOYALTY_TIERS = [
  { tier: 'platinum', fromScore: 60 },
  { tier: 'gold', fromScore: 40 },
  { tier: 'silver', fromScore: 20 },
  { tier: 'bronze', fromScore: 5 },
  { tier: 'none', fromScore: 0 },
] as const;
export type LoyaltyTier = (typeof LOYALTY_TIERS)[number]['tier'];

/** How many answers, and the sum of their points: steps above the lowest score. */
export interface Answers {
  readonly count: number;
  readonly points: number;
}

/** Everything that the score depends on. Counts below 0 (a history that begins in the middle) count as 0. */
export interface LoyaltyInputs {
  readonly answers: Readonly<Record<SurveyInstrument, Answers>>;
  /** Touchpoints that have an outcome, and those of them whose outcome is that the need was met. */
  readonly outcomes: number;
  readonly resolved: number;
  /** From each complaint to its answer, ms; `undefined` where there is none. */
  readonly waitsMs: readonly (number | undefined)[];
  /** Complaints of which only the sum of their values is known, in millionths. */
  readonly pastComplaints: number;
  readonly pastHandlingMillionths: number;
  readonly purchases: number;
  readonly refunds: number;
  /** Of what happened with the customer: the earliest and the latest time, ms since 1970. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** How a component without data was filled in. */
export type FilledIn = 'neutral' | 'nothing-to-handle' | 'no-purchases' | 'purchases-kept';

/** `value` is 0–1. */
export interface LoyaltyComponent {
  readonly value: number;
  readonly filled?: FilledIn;
}

export interface Loyalty {
  readonly components: {
    readonly serviceQuality: LoyaltyComponent;
    readonly needsMet: LoyaltyComponent;
    readonly feedbackHandling: LoyaltyComponent;
    readonly satisfaction: LoyaltyComponent;
    readonly purchaseFrequency: LoyaltyComponent;
    readonly inclination: LoyaltyComponent;
  };
  /** 0–10,000: the score in hundredths, an integer. */
  readonly scoreHundredths: number;
  readonly tier: LoyaltyTier;
}

export function loyaltyOf(inputs: LoyaltyInputs): Loyalty {
  const quality = serviceQuality(inputs);
  const met = needsMet(inputs);
  const handling = feedbackHandling(inputs);
  const satisfaction = quality.value * met.value * handling.value;
  const frequency = purchaseFrequency(inputs);
  const inclined = inclination(inputs);
  const loyalty = Math.sqrt(satisfaction) * frequency.value * inclined.value;
  const scoreHundredths = Math.round(loyalty * 10_000);
  return {
    components: {
      serviceQuality: quality,
      needsMet: met,
      feedbackHandling: handling,
      satisfaction: { value: satisfaction },
      purchaseFrequency: frequency,
      inclination: inclined,
    },
    scoreHundredths,
    tier: tierOf(scoreHundredths),
  };
}

/** Steps of a score above the lowest of its scale; what is beyond the scale counts as its end. */
export function surveyPoints(instrument: SurveyInstrument, score: number): number {
  const { lowest, steps } = SURVEY_SCALES[instrument];
  return Math.min(steps, Math.max(0, score - lowest));
}

/** Mean over all CSAT and CES answers of (score − 1) / 4 and (score − 1) / 6. */
export function serviceQuality({ answers }: Pick<LoyaltyInputs, 'answers'>): LoyaltyComponent {
  return meanAnswer(answers, 'csat', 'ces') ?? { value: NEUTRAL_VALUE, filled: 'neutral' };
}

/** Touchpoints whose outcome is that the need was met / touchpoints that have an outcome. */
export function needsMet(inputs: Pick<LoyaltyInputs, 'outcomes' | 'resolved'>): LoyaltyComponent {
  const { outcomes, resolved } = inputs;
  if (outcomes <= 0) return { value: NEUTRAL_VALUE, filled: 'neutral' };
  return { value: Math.min(1, Math.max(0, resolved) / outcomes) };
}

/** Mean over all complaints of what each one's handling is worth. */
export function feedbackHandling(
  inputs: Pick<LoyaltyInputs, 'waitsMs' | 'pastComplaints' | 'pastHandlingMillionths'>,
): LoyaltyComponent {
  const { waitsMs, pastComplaints, pastHandlingMillionths } = inputs;
  const complaints = waitsMs.length + pastComplaints;
  if (complaints === 0) return { value: 1, filled: 'nothing-to-handle' };
  let sum = pastHandlingMillionths / MILLIONTHS;
  for (const waitMs of waitsMs) sum += handlingValue(waitMs);
  return { value: sum / complaints };
}

/** What the handling of one past complaint is worth, in millionths. */
export function handlingMillionths(waitMs: number | undefined): number {
  return Math.round(handlingValue(waitMs) * MILLIONTHS);
}

/** 24 / (24 + hours until the answer); 0 where there is no answer. */
function handlingValue(waitMs: number | undefined): number {
  return waitMs === undefined ? 0 : HALF_VALUE_HOURS / (HALF_VALUE_HOURS + waitMs / HOUR_MS);
}

/** Purchases / (months observed + 6), at most 1; a month is 30 days, and observed is from the first thing that happened to the last. */
export function purchaseFrequency(
  inputs: Pick<LoyaltyInputs, 'purchases' | 'firstAtMs' | 'lastAtMs'>,
): LoyaltyComponent {
  const { purchases, firstAtMs, lastAtMs } = inputs;
  if (purchases === 0) return { value: 0, filled: 'no-purchases' };
  const months = (lastAtMs - firstAtMs) / MONTH_MS;
  return { value: Math.min(1, purchases / (months + PRIOR_MONTHS)) };
}

/** Mean over all NPS and CCI answers of score / 10 and score / 100; without one, the share of purchases not refunded. */
export function inclination(
  inputs: Pick<LoyaltyInputs, 'answers' | 'purchases' | 'refunds'>,
): LoyaltyComponent {
  const { answers, purchases, refunds } = inputs;
  const said = meanAnswer(answers, 'nps', 'cci');
  if (said !== undefined) return said;
  if (purchases === 0) return { value: NEUTRAL_VALUE, filled: 'neutral' };
  return { value: Math.max(0, 1 - refunds / purchases), filled: 'purchases-kept' };
}

/** The first tier whose edge the score reaches. */
export function tierOf(scoreHundredths: number): LoyaltyTier {
  return LOYALTY_TIERS.find(({ fromScore }) => scoreHundredths >= fromScore * 100)?.tier ?? 'none';
}

function meanAnswer(
  answers: LoyaltyInputs['answers'],
  one: SurveyInstrument,
  other: SurveyInstrument,
): LoyaltyComponent | undefined {
  const count = answers[one].count + answers[other].count;
  if (count === 0) return undefined;
  const sum =
    answers[one].points / SURVEY_SCALES[one].steps + answers[other].points / SURVEY_SCALES[other].steps;
  return { value: sum / count };
}
