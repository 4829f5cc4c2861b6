import { cci, ces, csat, nps } from './satisfaction';

/** How many gave each score. */
const given = (...scores: readonly number[]): number[] => {
  const counts: number[] = [];
  for (const score of scores) counts[score] = (counts[score] ?? 0) + 1;
  return counts;
};

it('has no score where nobody answered', () => {
  expect(csat([])).toEqual({ score: null, answers: 0, distribution: { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 } });
  expect(nps([])).toEqual({ score: null, promoters: 0, passives: 0, detractors: 0, answers: 0 });
  expect(ces([])).toMatchObject({ score: null, answers: 0 });
  expect(cci({ answers: 0, sum: 0 })).toEqual({ score: null, answers: 0 });
});

describe('CSAT', () => {
  it('is the share of 4 and 5', () => {
    expect(csat(given(1, 2, 3, 4, 5, 5))).toEqual({
      score: 50,
      answers: 6,
      distribution: { 1: 1, 2: 1, 3: 1, 4: 1, 5: 2 },
    });
    expect(csat(given(3)).score).toBe(0);
    expect(csat(given(4)).score).toBe(100);
    expect(csat(given(1, 5, 5)).score).toBe(66.67);
  });
});

describe('NPS', () => {
  it('is promoters less detractors, of a hundred', () => {
    expect(nps(given(0, 6, 7, 8, 9, 10))).toEqual({
      score: 0,
      promoters: 2,
      passives: 2,
      detractors: 2,
      answers: 6,
    });
    expect(nps(given(6)).score).toBe(-100);
    expect(nps(given(9)).score).toBe(100);
    expect(nps(given(7)).score).toBe(0);
  });

  it('is rounded alike on both sides of zero, and never −0', () => {
    const passives = Array.from({ length: 799 }, () => 8);
    expect(nps(given(...passives, 9)).score).toBe(0.13); // 0.125
    expect(nps(given(...passives, 0)).score).toBe(-0.13);
    const many = [...passives];
    while (many.length < 20_000) many.push(7);
    expect(Object.is(nps(given(...many, 0)).score, 0)).toBe(true);
  });
});

it('CES is the mean of 1 to 7', () => {
  const distribution = { 1: 1, 2: 1, 3: 0, 4: 0, 5: 0, 6: 0, 7: 1 };
  expect(ces(given(1, 2, 7))).toEqual({ score: 3.33, answers: 3, distribution });
  expect(ces(given(7)).score).toBe(7);
});

it('CCI is the mean of 0 to 100', () => {
  expect(cci({ answers: 3, sum: 200 })).toEqual({ score: 66.67, answers: 3 });
  expect(cci({ answers: 2, sum: 0 }).score).toBe(0);
});
