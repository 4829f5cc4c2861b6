import { FixedClock, seededRandom } from '#libs/testing';
import { customerOf, customerStream, isCode, isUuid, uuidV7 } from './ids';

const clock = (ms: number): FixedClock => new FixedClock(ms);
const START_MS = Date.parse('2026-01-02T03:04:05.678Z');
const many = (count: number, next: () => string): string[] => Array.from({ length: count }, next);
const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

describe('uuidV7', () => {
  it('has the form of version 7 and the time in it', () => {
    const next = uuidV7(clock(START_MS), seededRandom('a'));
    for (const id of many(1_000, next)) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(isUuid(id)).toBe(true);
    }
    expect(timeOf(uuidV7(clock(START_MS), seededRandom('a'))())).toBe(START_MS);
  });

  it('ascends in a burst, beyond what one millisecond can count', () => {
    const ids = many(20_000, uuidV7(clock(START_MS), seededRandom('b')));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(20_000);
    // 4,096 a millisecond: the burst borrows the next ones.
    expect(timeOf(ids[19_999] ?? '') - START_MS).toBeLessThanOrEqual(5);
  });

  it('ascends across milliseconds and across a clock that goes back', () => {
    const now = clock(START_MS);
    const next = uuidV7(now, seededRandom('c'));
    const ids: string[] = [];
    for (const step of [0, 1, 0, -5_000, 1, 4_998, 1, 1, -1, 3_600_000, -3_600_000]) {
      now.ms += step;
      ids.push(...many(100, next));
    }
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is another one in another process at the same time', () => {
    const ids = ['d', 'e'].flatMap((seed) => many(1_000, uuidV7(clock(START_MS), seededRandom(seed))));
    expect(new Set(ids).size).toBe(2_000);
    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(2_000);
  });
});

it('knows ids and codes from what could carry a name', () => {
  expect(['a', 'a.b_c-9', 'x'.repeat(64)].every(isCode)).toBe(true);
  expect(['', 'A', 'a b', 'ä', 'x'.repeat(65), 'a@x', 'a\n', 7, null, undefined].filter(isCode)).toEqual([]);
  const uuid = '01890a5d-ac96-774b-bcce-b302099a8059';
  expect(isUuid(uuid)).toBe(true);
  const others = [
    uuid.toUpperCase(),
    `${uuid}\n`,
    uuid.slice(1),
    uuid.replace('-7', '-0'),
    uuid.replace('-b', '-c'),
    7,
  ];
  expect(others.filter(isUuid)).toEqual([]);
});

it('names a customer’s stream and finds the customer again', () => {
  expect(customerStream('x')).toBe('customer-x');
  expect(customerOf('customer-x')).toBe('x');
  expect(customerOf('access-2026-01-01-a')).toBeUndefined();
});
