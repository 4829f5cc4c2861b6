import { check, checkLine, RecordTouchpoint } from '#libs/contracts';
import { LineMaker, Seeded, singleBodies } from './generate';

const customerId = '019a0000-0000-7000-8000-000000000002';
const options = { customers: 10, firstLine: 1, withSource: true };

describe('what the benchmark sends', () => {
  it('is the same in each run', () => {
    expect(new LineMaker(options).lines(50)).toBe(new LineMaker(options).lines(50));
    expect(singleBodies([customerId], 20)).toEqual(singleBodies([customerId], 20));
  });

  it('is what the ledger takes, and about 600 bytes each', () => {
    const bodies = singleBodies([customerId], 200);
    for (const body of bodies) {
      expect(check(RecordTouchpoint, JSON.parse(body)).ok).toBe(true);
      expect(Math.abs(Buffer.byteLength(body) - 600)).toBeLessThan(20);
    }
    const lines = new LineMaker(options).lines(200).trimEnd().split('\n');
    expect(lines).toHaveLength(200);
    for (const line of lines) {
      expect(checkLine(JSON.parse(line)).ok).toBe(true);
      expect(Math.abs(Buffer.byteLength(line) - 600)).toBeLessThan(20);
    }
  });

  it('names each line where it is to be idempotent', () => {
    const maker = new LineMaker(options);
    const ids = (maker.lines(30) + maker.lines(30)).match(/"id":"m-\d+"/g) ?? [];
    expect(new Set(ids).size).toBe(60);
    expect(new LineMaker({ ...options, withSource: false }).lines(5)).not.toContain('source');
  });
});

describe('Seeded', () => {
  it('spreads evenly and stays within its bounds', () => {
    const seeded = new Seeded(3);
    const drawn = Array.from({ length: 6_000 }, () => seeded.between(1, 6));
    for (let face = 1; face <= 6; face++) {
      const share = drawn.filter((value) => value === face).length / drawn.length;
      expect(Math.abs(share - 1 / 6)).toBeLessThan(0.02);
    }
  });
});
