import type { Progress } from '#libs/core';
import { at, PROJECTIONS, TIMELINE } from './document-bench';
import type { BenchOf } from './document-bench';

const SINCE = '2026-02-03T04:05:06.789Z';

function moved(stream: string, revision: number): Progress {
  return { stream, revision, position: revision + 10 };
}

function parkedAt(stream: string, revision: number, reason = `${stream}: a fold threw`): Progress {
  return { ...moved(stream, revision), parked: { since: SINCE, reason } };
}

const marked = (stream: string, revision: number): Progress => ({
  ...parkedAt(stream, revision),
  retry: true,
});
const names = (found: readonly Progress[]): readonly string[] => found.map(({ stream }) => stream);

/** What every `DocumentStore` keeps of streams that a group folds no more of. */
export function parking(bench: BenchOf): void {
  it('is kept with the progress, also of a stream whose first event was not folded', async () => {
    const progress = [parkedAt('b', -1), moved('a', 3), parkedAt('c', 7, '客户 "; --')];
    await bench().write({}, { progress });
    const { group } = bench();
    expect(await group.progress(['a', 'b', 'c'])).toEqual([progress[1], progress[0], progress[2]]);
    expect(await group.parked(undefined, 10)).toEqual([progress[0], progress[2]]);
    expect(await group.countParked()).toBe(2);
    const again = await (await bench().under.restart()).open('main', PROJECTIONS);
    expect(await again.parked(undefined, 10)).toEqual([progress[0], progress[2]]);
    expect(await again.countParked()).toBe(2);
  });

  it('is answered by pages in the order of the streams’ names', async () => {
    const streams = Array.from({ length: 25 }, (_, i) => `s${String(i).padStart(2, '0')}`);
    const progress = streams.map((stream, i) => (i % 5 === 0 ? moved(stream, i) : parkedAt(stream, i)));
    await bench().write({}, { progress: progress.toReversed() });
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await bench().group.parked(after, 7);
      seen.push(...names(page));
      after = page.at(-1)?.stream;
      if (page.length < 7) break;
    }
    expect(seen).toEqual(streams.filter((_, i) => i % 5 !== 0));
    expect(await bench().group.countParked()).toBe(20);
    await expect(bench().group.parked(undefined, 10_001)).rejects.toThrow(RangeError);
    await expect(bench().group.parked(undefined, 0)).rejects.toThrow(RangeError);
  });

  it('is marked for another try, everything that is parked then and nothing else', async () => {
    const { group } = bench();
    await bench().write({}, { progress: [parkedAt('a', 1), moved('b', 1), parkedAt('c', 1)] });
    expect(await group.parked(undefined, 10, 'retry')).toEqual([]);
    await group.markParked();
    expect(await group.parked(undefined, 10, 'retry')).toEqual([marked('a', 1), marked('c', 1)]);
    expect(await group.progress(['a', 'b'])).toEqual([marked('a', 1), moved('b', 1)]);
    expect(names(await group.parked('a', 10, 'retry'))).toEqual(['c']);
    expect(names(await group.parked(undefined, 1, 'retry'))).toEqual(['a']);
    await bench().write({}, { progress: [parkedAt('d', 1), moved('b', 2)] });
    expect(names(await group.parked(undefined, 10, 'retry'))).toEqual(['a', 'c']);
    expect(names(await group.parked(undefined, 10, 'all'))).toEqual(['a', 'c', 'd']);
    const elsewhere = await (await bench().under.connect()).open('main', PROJECTIONS);
    expect(names(await elsewhere.parked(undefined, 10, 'retry'))).toEqual(['a', 'c']);
  });

  it('loses its mark with any commit of the stream’s progress, and ends with one that parks no more', async () => {
    const { group } = bench();
    await bench().write({}, { progress: [parkedAt('a', 1), parkedAt('b', 1), parkedAt('c', 1)] });
    await group.markParked();
    await bench().write({}, { progress: [moved('a', 5), parkedAt('b', 4, 'another one')] });
    expect(names(await group.parked(undefined, 10, 'retry'))).toEqual(['c']);
    expect(await group.parked(undefined, 10)).toEqual([parkedAt('b', 4, 'another one'), marked('c', 1)]);
    expect(await group.progress(['a'])).toEqual([moved('a', 5)]);
    expect(await group.countParked()).toBe(2);
    await bench().write({}, { progress: [parkedAt('a', 6)] });
    expect(names(await group.parked(undefined, 10, 'retry'))).toEqual(['c']);
  });

  it('stays marked where the commit says so, further on, and only while it is parked', async () => {
    const { group } = bench();
    await bench().write({}, { progress: [parkedAt('a', 1), marked('b', 1)] });
    expect(await group.parked(undefined, 10, 'retry')).toEqual([marked('b', 1)]);
    await bench().write({}, { progress: [marked('b', 500), { ...moved('a', 2), retry: true }] });
    expect(await group.parked(undefined, 10)).toEqual([marked('b', 500)]);
    expect(await group.progress(['a'])).toEqual([moved('a', 2)]);
    await bench().write({}, { progress: [parkedAt('b', 700)] });
    expect(await group.parked(undefined, 10, 'retry')).toEqual([]);
  });

  it('changes nothing where the commit is fenced, and is each group’s own', async () => {
    const { group, store } = bench();
    await bench().write({}, { progress: [parkedAt('a', 1)] });
    const fenced = { ...bench().batch({}), expected: at(77), progress: [moved('a', 2), parkedAt('b', 1)] };
    expect(await group.commit(fenced)).toBe('fenced');
    expect(await group.parked(undefined, 10)).toEqual([parkedAt('a', 1)]);
    const beside = await store.open('beside', [TIMELINE]);
    expect([await beside.countParked(), await beside.parked(undefined, 10)]).toEqual([0, []]);
    await beside.markParked();
    expect(await group.parked(undefined, 10, 'retry')).toEqual([]);
  });
}

/** A group folds with the parameters of one model, or of none. */
export function modelling(bench: BenchOf): void {
  const fitted = { ...TIMELINE, model: '01930000-0000-7000-8000-0000000000aa' };
  const madeWith = async (id: string): Promise<unknown> =>
    (await bench().store.madeWith(id))?.map(({ name, version, model }) => [name, version, model]);

  it('names what a group was made with, also to whoever has not opened it', async () => {
    await bench().store.open('fitted', [fitted]);
    const parts = [
      ['daily-counts', 3, undefined],
      ['timeline', 1, undefined],
    ];
    expect(await madeWith('fitted')).toEqual([['timeline', 1, fitted.model]]);
    expect(await madeWith('main')).toEqual(expect.arrayContaining(parts));
    const elsewhere = await bench().under.connect();
    expect(await elsewhere.madeWith('fitted')).toEqual([
      { name: 'timeline', version: 1, model: fitted.model },
    ]);
    expect(await elsewhere.madeWith('main')).toEqual([
      { name: 'daily-counts', version: 3 },
      { name: 'timeline', version: 1 },
    ]);
    expect(await elsewhere.madeWith('never-was')).toBeUndefined();
    expect(await elsewhere.groups()).toEqual(['fitted', 'main']);
  });

  it('refuses a group with another model than it was made with, or with none', async () => {
    await bench().store.open('fitted', [fitted]);
    const elsewhere = await bench().under.connect();
    for (const store of [bench().store, elsewhere]) {
      await expect(store.open('fitted', [TIMELINE])).rejects.toThrow('fitted');
      await expect(store.open('fitted', [{ ...fitted, model: 'another' }])).rejects.toThrow('fitted');
      await expect(store.open('main', [fitted, ...PROJECTIONS.slice(1)])).rejects.toThrow('main');
      expect((await store.open('fitted', [fitted])).id).toBe('fitted');
    }
  });
}
