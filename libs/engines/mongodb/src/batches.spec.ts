import { Batches } from './batches';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Batches that the test answers itself. */
class Bench {
  readonly asked: (readonly number[])[] = [];
  readonly answers: ((answer: readonly string[] | Error) => void)[] = [];
  readonly batches: Batches<number, string>;

  constructor(calls: number, inFlight: number) {
    const run = (batch: readonly number[]): Promise<readonly string[]> => {
      this.asked.push(batch);
      return new Promise((resolve, reject) => {
        this.answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      });
    };
    this.batches = new Batches(run, { calls, inFlight });
  }

  async answer(batch: number, answer: readonly string[] | Error): Promise<void> {
    this.answers[batch]?.(answer);
    await turn();
  }
}

describe('batches', () => {
  it('lets a lone call go at once, and what comes meanwhile together', async () => {
    const bench = new Bench(3, 1);
    const first = bench.batches.add(0);
    await turn();
    expect(bench.asked).toEqual([[0]]);
    const later = [1, 2, 3, 4].map((call) => bench.batches.add(call));
    await turn();
    expect(bench.asked).toHaveLength(1);
    await bench.answer(0, ['a']);
    expect(await first).toBe('a');
    expect(bench.asked[1]).toEqual([1, 2, 3]);
    await bench.answer(1, ['b', 'c', 'd']);
    expect(bench.asked[2]).toEqual([4]);
    await bench.answer(2, ['e']);
    expect(await Promise.all(later)).toEqual(['b', 'c', 'd', 'e']);
  });

  it('has no more on their way at once than it may', async () => {
    const bench = new Bench(1, 2);
    const all = [0, 1, 2].map((call) => bench.batches.add(call));
    await turn();
    expect(bench.asked).toEqual([[0], [1]]);
    await bench.answer(1, ['b']);
    expect(bench.asked).toEqual([[0], [1], [2]]);
    await bench.answer(2, ['c']);
    await bench.answer(0, ['a']);
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  });

  it('tells every caller of a batch its fault, and goes on', async () => {
    const bench = new Bench(2, 1);
    const failing = [0, 1].map((call) => bench.batches.add(call).catch(String));
    const after = bench.batches.add(2);
    const short = bench.batches.add(3).catch(String);
    await turn();
    await bench.answer(0, new Error('gone'));
    expect(await Promise.all(failing)).toEqual(['Error: gone', 'Error: gone']);
    await bench.answer(1, ['only one']);
    await expect(after).rejects.toThrow('differ in number');
    expect(await short).toContain('differ in number');
    const again = bench.batches.add(4);
    await turn();
    await bench.answer(2, ['e']);
    expect(await again).toBe('e');
  });
});
