import {
  feedbackHandling,
  handlingMillionths,
  inclination,
  LOYALTY_TIERS,
  loyaltyOf,
  needsMet,
  purchaseFrequency,
  serviceQuality,
  surveyPoints,
  tierOf,
} from './loyalty';
import type { Answers, LoyaltyInputs } from './loyalty';

const HOUR_MS = 3_600_000;
const MONTH_MS = 30 * 24 * HOUR_MS;
const NONE: Answers = { count: 0, points: 0 };
const NO_ANSWERS = { csat: NONE, ces: NONE, nps: NONE, cci: NONE };
const NOTHING: LoyaltyInputs = {
  answers: NO_ANSWERS,
  outcomes: 0,
  resolved: 0,
  waitsMs: [],
  pastComplaints: 0,
  pastHandlingMillionths: 0,
  purchases: 0,
  refunds: 0,
  firstAtMs: 0,
  lastAtMs: 0,
};
const bought = (purchases: number, months: number) => ({ purchases, lastAtMs: months * MONTH_MS });
const scoreOf = (inputs: Partial<LoyaltyInputs>): readonly [number, string] => {
  const { scoreHundredths, tier } = loyaltyOf({ ...NOTHING, ...inputs });
  return [scoreHundredths / 100, tier];
};

describe('service quality', () => {
  const quality = (answers: Partial<LoyaltyInputs['answers']>) =>
    serviceQuality({ answers: { ...NO_ANSWERS, ...answers } });

  it('is one mean over CSAT and CES answers', () => {
    expect(quality({ csat: { count: 2, points: 8 } })).toEqual({ value: 1 });
    expect(quality({ ces: { count: 1, points: 0 } })).toEqual({ value: 0 });
    // CSAT 5, 5, 5 and CES 4: (1 + 1 + 1 + 0.5) / 4.
    expect(quality({ csat: { count: 3, points: 12 }, ces: { count: 1, points: 3 } })).toEqual({
      value: 0.875,
    });
  });

  it('is neutral where nobody answered', () => {
    expect(quality({ nps: { count: 1, points: 10 } })).toEqual({ value: 0.5, filled: 'neutral' });
  });
});

it('needs met are the resolved ones of the outcomes, neutral where there are none', () => {
  expect(needsMet({ outcomes: 4, resolved: 3 })).toEqual({ value: 0.75 });
  expect(needsMet({ outcomes: 1, resolved: 0 })).toEqual({ value: 0 });
  expect(needsMet({ outcomes: 0, resolved: 0 })).toEqual({ value: 0.5, filled: 'neutral' });
});

describe('feedback handling', () => {
  const handling = (waitsMs: readonly (number | undefined)[], past: Partial<LoyaltyInputs> = {}) =>
    feedbackHandling({ ...NOTHING, waitsMs, ...past });

  it.each([
    [0, 1],
    [8, 0.75],
    [24, 0.5],
    [72, 0.25],
  ])('is halved by a day: after %d hours %d', (hours, value) => {
    expect(handling([hours * HOUR_MS])).toEqual({ value });
  });

  it('is 0 of what has no answer, and 1 where there is nothing to handle', () => {
    expect(handling([undefined])).toEqual({ value: 0 });
    expect(handling([undefined, 0])).toEqual({ value: 0.5 });
    expect(handling([])).toEqual({ value: 1, filled: 'nothing-to-handle' });
  });

  it('counts past complaints by their sum', () => {
    const past = handlingMillionths(24 * HOUR_MS) + handlingMillionths(undefined);
    expect(past).toBe(500_000);
    expect(handling([8 * HOUR_MS], { pastComplaints: 2, pastHandlingMillionths: past }).value).toBeCloseTo(
      1.25 / 3,
      12,
    );
  });
});

it('purchase frequency is a month’s purchases, six months added, at most 1', () => {
  const frequency = (purchases: number, months: number) =>
    purchaseFrequency({ firstAtMs: 0, ...bought(purchases, months) });
  expect(frequency(1, 0).value).toBeCloseTo(1 / 6, 12);
  expect(frequency(24, 24)).toEqual({ value: 0.8 });
  expect(frequency(7, 1)).toEqual({ value: 1 });
  expect(frequency(500, 1)).toEqual({ value: 1 });
  expect(frequency(0, 12)).toEqual({ value: 0, filled: 'no-purchases' });
});

describe('inclination', () => {
  it('is one mean over NPS and CCI answers, whatever was refunded', () => {
    const answers = { ...NO_ANSWERS, nps: { count: 2, points: 10 }, cci: { count: 2, points: 100 } };
    expect(inclination({ answers, purchases: 1, refunds: 1 })).toEqual({ value: 0.5 });
  });

  it('is what was kept of the purchases, at least 0, else neutral', () => {
    const kept = (purchases: number, refunds: number) =>
      inclination({ answers: NO_ANSWERS, purchases, refunds });
    expect(kept(4, 1)).toEqual({ value: 0.75, filled: 'purchases-kept' });
    expect(kept(1, 3)).toEqual({ value: 0, filled: 'purchases-kept' });
    expect(kept(0, 3)).toEqual({ value: 0.5, filled: 'neutral' });
  });
});

it('counts points from the lowest score, and what is beyond the scale as its end', () => {
  expect([1, 5].map((score) => surveyPoints('csat', score))).toEqual([0, 4]);
  expect([1, 7].map((score) => surveyPoints('ces', score))).toEqual([0, 6]);
  expect([0, 10, 11].map((score) => surveyPoints('nps', score))).toEqual([0, 10, 10]);
  expect([0, 37, 100].map((score) => surveyPoints('cci', score))).toEqual([0, 37, 100]);
  expect([0, 100].map((score) => surveyPoints('csat', score))).toEqual([0, 4]);
});

describe('the score', () => {
  it('multiplies, under a root what satisfies', () => {
    const { components, scoreHundredths } = loyaltyOf({
      ...NOTHING,
      ...bought(6, 6),
      answers: { ...NO_ANSWERS, ces: { count: 1, points: 6 }, nps: { count: 1, points: 9 } },
      outcomes: 2,
      resolved: 1,
      waitsMs: [24 * HOUR_MS],
    });
    expect(components.satisfaction).toEqual({ value: 0.25 });
    expect(scoreHundredths).toBe(Math.round(0.5 * 0.5 * 0.9 * 10_000));
  });

  it('is from 0 to 100, whatever it is given', () => {
    const best = { csat: { count: 1, points: 4 }, ces: NONE, nps: { count: 1, points: 10 }, cci: NONE };
    expect(scoreOf({ ...bought(6, 0), answers: best, outcomes: 1, resolved: 1 })).toEqual([100, 'platinum']);
    expect(scoreOf({ outcomes: -2, resolved: -1, ...bought(1, 0) })).toEqual([8.33, 'bronze']);
    expect(scoreOf({ outcomes: 1, resolved: 2, ...bought(9, 0), refunds: 20 })).toEqual([0, 'none']);
  });
});

/** The examples of docs/loyalty.md, from which the edges were chosen. */
it.each([
  [
    'well served and well spoken',
    {
      ...bought(24, 24),
      answers: { ...NO_ANSWERS, csat: { count: 10, points: 37 }, nps: { count: 1, points: 9 } },
      outcomes: 10,
      resolved: 9,
    },
    65.69,
    'platinum',
  ],
  ['every month for two years, never asked', bought(24, 24), 40, 'gold'],
  ['every month for a year, never asked', bought(12, 12), 33.33, 'silver'],
  ['the first purchase', bought(1, 0), 8.33, 'bronze'],
  ['one purchase in a year', bought(1, 12), 2.78, 'none'],
  ['never bought', { lastAtMs: 12 * MONTH_MS }, 0, 'none'],
  ['one complaint, not answered', { ...bought(24, 24), waitsMs: [undefined] }, 0, 'none'],
])('%s: %#', (_who, inputs, score, tier) => {
  expect(scoreOf(inputs)).toEqual([score, tier]);
});

it('a tier begins at its edge', () => {
  const tiers = ['platinum', 'gold', 'silver', 'bronze', 'none'];
  expect(LOYALTY_TIERS.map(({ tier }) => tier)).toEqual(tiers);
  expect([6000, 4000, 2000, 500, 0].map(tierOf)).toEqual(tiers);
  expect([10_000, 5999, 3999, 1999, 499].map(tierOf)).toEqual(tiers);
});
