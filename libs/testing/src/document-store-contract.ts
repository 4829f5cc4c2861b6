import type { Document } from '#libs/core';
import {
  at,
  BY_TIME,
  COUNTERS,
  DocumentBench,
  INDEXED_TIMELINE,
  PROJECTIONS,
  TIMELINE,
  touchpoint,
  touchpoints,
} from './document-bench';
import type { BenchOf, DocumentStoreUnderTest } from './document-bench';
import { modelling, parking } from './document-parking-contract';
import { finding, ordering, paging, wording } from './document-queries-contract';

/** Held to by every `DocumentStore`. */
export function documentStoreContract(name: string, make: () => Promise<DocumentStoreUnderTest>): void {
  describe(`${name}: document store`, () => {
    const bench = benchOfEachTest(() => make().then((under) => DocumentBench.open(under)));
    describe('commit', () => committing(bench));
    describe('fencing', () => fencing(bench));
    describe('documents', () => keeping(bench));
    describe('find', () => finding(bench));
    describe('order', () => ordering(bench));
    describe('cursor', () => paging(bench));
    describe('words', () => wording(bench));
    describe('groups', () => grouping(bench));
    describe('parking', () => parking(bench));
    describe('model', () => modelling(bench));
  });
  describe(`${name}: document store with an index of words`, () => {
    wording(benchOfEachTest(() => make().then((under) => DocumentBench.open(under, INDEXED_TIMELINE))));
  });
}

function benchOfEachTest(open: () => Promise<DocumentBench>): BenchOf {
  let current: DocumentBench | undefined;
  beforeEach(async () => {
    current = await open();
  });
  afterEach(async () => {
    await current?.under.dispose();
    current = undefined;
  });
  return () => {
    if (current === undefined) throw new Error('Only within a test');
    return current;
  };
}

function committing(bench: BenchOf): void {
  it('writes documents, progress and checkpoint together', async () => {
    const { group } = bench();
    expect(await group.checkpoint(0)).toBeUndefined();
    const progress = [{ stream: 'customer-a', revision: 4, position: 2 ** 53 - 1 }];
    await bench().write({ a: touchpoint('a') }, { progress });
    expect(await bench().get('a')).toEqual([touchpoint('a')]);
    expect(await group.progress(['customer-b', 'customer-a'])).toEqual([undefined, ...progress]);
    expect(await group.checkpoint(0)).toEqual(at(1));
  });

  it('writes nothing where one part fails', async () => {
    const { group } = bench();
    await bench().write({ a: touchpoint('a') });
    const batch = bench().batch({ a: undefined, b: touchpoint('b') });
    const documents = [...batch.documents, { projection: 'unknown', key: 'c', document: touchpoint('c') }];
    const progress = [{ stream: 'customer-a', revision: 4, position: 7 }];
    await expect(group.commit({ ...batch, documents, progress })).rejects.toThrow('unknown');
    expect(await bench().get('a', 'b')).toEqual([touchpoint('a'), undefined]);
    expect(await group.progress(['customer-a'])).toEqual([undefined]);
    expect(await group.checkpoint(0)).toEqual(at(1));
    await bench().write({ b: touchpoint('b') });
  });

  it('leaves the checkpoint where it is when there is no other', async () => {
    const { group } = bench();
    await bench().write({ a: touchpoint('a') }, { next: undefined });
    expect(await group.checkpoint(0)).toBeUndefined();
    await bench().write({}, { next: at(5) });
    await bench().write({ b: touchpoint('b') }, { next: at(5) });
    await bench().write({ c: touchpoint('c') }, { next: undefined });
    expect(await group.checkpoint(0)).toEqual(at(5));
    expect(await bench().get('a', 'b', 'c')).toEqual(['a', 'b', 'c'].map((id) => touchpoint(id)));
  });

  it('moves progress on', async () => {
    const { group } = bench();
    await bench().write({}, { progress: [{ stream: 's', revision: 0, position: 1 }] });
    await bench().write({}, { progress: [{ stream: 's', revision: 9, position: 50 }] });
    const streams = Array.from({ length: 1200 }, (_, i) => `s${i}`);
    expect(await group.progress(['s', ...streams])).toEqual([
      { stream: 's', revision: 9, position: 50 },
      ...streams.map(() => undefined),
    ]);
  });
}

function fencing(bench: BenchOf): void {
  it('refuses what was committed already', async () => {
    const { group } = bench();
    const batch = bench().batch({ a: touchpoint('a') });
    expect(await group.commit(batch)).toBe('committed');
    expect(
      await group.commit({
        ...batch,
        documents: [{ projection: 'timeline', key: 'a', document: undefined }],
      }),
    ).toBe('fenced');
    expect(await bench().get('a')).toEqual([touchpoint('a')]);
  });

  it('refuses a second writer, who may read the checkpoint and go on', async () => {
    const first = bench().group;
    const second = await (await bench().under.connect()).open('main', PROJECTIONS);
    const batch = bench().batch({ a: touchpoint('a', { by: 'first' }) });
    expect(await first.commit(batch)).toBe('committed');
    const stale = {
      ...bench().batch({ a: touchpoint('a', { by: 'second' }), b: touchpoint('b') }),
      expected: undefined,
    };
    expect(await second.commit({ ...stale, progress: [{ stream: 's', revision: 1, position: 1 }] })).toBe(
      'fenced',
    );
    expect(await second.getMany('timeline', ['a', 'b'])).toEqual([
      touchpoint('a', { by: 'first' }),
      undefined,
    ]);
    expect(await second.progress(['s'])).toEqual([undefined]);
    expect(await second.commit({ ...stale, expected: await second.checkpoint(0), next: at(2) })).toBe(
      'committed',
    );
    expect(await first.commit({ ...batch, expected: at(1), next: at(2) })).toBe('fenced');
    expect(await first.getMany('timeline', ['a'])).toEqual([touchpoint('a', { by: 'second' })]);
  });

  it('compares every part of the checkpoint', async () => {
    const { group } = bench();
    await bench().write({}, { next: at(1) });
    for (const change of [{ topicId: 'topic-2' }, { offset: 2 }, { position: 101 }]) {
      expect(await group.commit({ ...bench().batch({}), expected: { ...at(1), ...change } })).toBe('fenced');
    }
    expect(await group.commit({ ...bench().batch({}), expected: undefined })).toBe('fenced');
    expect(await group.checkpoint(0)).toEqual(at(1));
  });

  it('keeps partitions apart', async () => {
    const { group } = bench();
    await bench().write({ a: touchpoint('a') });
    expect(await group.checkpoint(7)).toBeUndefined();
    const other = {
      ...bench().batch({ b: touchpoint('b') }),
      partition: 7,
      expected: undefined,
      next: at(3),
    };
    expect(await group.commit(other)).toBe('committed');
    expect([await group.checkpoint(0), await group.checkpoint(7)]).toEqual([at(1), at(3)]);
    expect(await group.checkpoints()).toEqual(
      new Map([
        [0, at(1)],
        [7, at(3)],
      ]),
    );
  });
}

const strange = (key: string): Document => ({
  key,
  9: 'nine',
  10: 'ten',
  texts: ['', 'a\u0000b', '\ud800 alone', '\u2028', '𝄞 \u{10ffff}', "';--", '\u007f'],
  numbers: [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), 1.5],
  others: [null, true, false, [], {}, [[{ _: [] }]]],
  'a.b': { $c: 1, __proto: {} },
});

function keeping(bench: BenchOf): void {
  it('inserts, replaces and removes', async () => {
    await bench().write({ a: touchpoint('a'), b: touchpoint('b') });
    await bench().write({ a: { only: 'this' }, b: undefined, absent: undefined });
    expect(await bench().get('a', 'b')).toEqual([{ only: 'this' }, undefined]);
    await bench().write({ b: touchpoint('b') });
    expect(await bench().get('b')).toEqual([touchpoint('b')]);
  });

  it('answers in the order asked, missing and repeated keys too, thousands at once', async () => {
    const documents = touchpoints(1500, (i) => ({ revision: i }));
    await bench().write(documents);
    const keys = Object.keys(documents)
      .toReversed()
      .flatMap((key) => [key, `${key}-missing`]);
    keys.push('t00000');
    expect(await bench().get(...keys)).toEqual(keys.map((key) => documents[key]));
    expect(await bench().get()).toEqual([]);
  });

  it('keeps any text, number and nesting as it was', async () => {
    const keys = ['客户/😀', 'e\u0301', 'é', ' ', '"\'\\%_', 'K', 'k', 'ｋ'];
    await bench().write(Object.fromEntries(keys.map((key) => [key, strange(key)])));
    expect(await bench().get(...keys)).toEqual(keys.map(strange));
  });

  it('keeps large documents', async () => {
    const large = touchpoint('large', {
      content: '客'.repeat(100_000),
      list: Array.from({ length: 5000 }, (_, i) => i),
    });
    await bench().write({ large });
    await bench().write({ large: { ...large, more: 1 }, small: touchpoint('small') });
    expect(await bench().get('small', 'large')).toEqual([touchpoint('small'), { ...large, more: 1 }]);
    expect(await bench().ids({})).toEqual(['large', 'small']);
  });

  it('keeps projections apart', async () => {
    const documents = [{ projection: 'daily-counts', key: 'a', document: { count: 1 } }];
    await bench().write({});
    await bench().write({ a: touchpoint('a') }, { next: at(2) });
    await bench().write({}, { documents, next: at(3) });
    expect(await bench().get('a')).toEqual([touchpoint('a')]);
    expect(await bench().group.getMany('daily-counts', ['a'])).toEqual([{ count: 1 }]);
    await expect(bench().group.getMany('unknown', ['a'])).rejects.toThrow('unknown');
  });

  it('scans every document in key order', async () => {
    const keys = ['b', 'a', 'é', 'Z', '客', '10', '9'];
    await bench().write(Object.fromEntries(keys.map((key) => [key, touchpoint(key)])));
    const seen: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await bench().group.scan('timeline', after, 3);
      for (const [key, document] of page) expect(document).toEqual(touchpoint(key));
      seen.push(...page.map(([key]) => key));
      after = page.at(-1)?.[0];
      if (page.length < 3) break;
    }
    expect(seen).toEqual(['10', '9', 'Z', 'a', 'b', 'é', '客']);
    expect(await bench().group.scan('daily-counts', undefined, 3)).toEqual([]);
    await expect(bench().group.scan('timeline', undefined, 10_001)).rejects.toThrow(RangeError);
  });
}

function grouping(bench: BenchOf): void {
  it('keeps groups apart, names them, and drops them', async () => {
    const { store } = bench();
    await bench().write({ a: touchpoint('a') });
    const beside = await store.open('timeline@2', [TIMELINE]);
    expect(await beside.getMany('timeline', ['a'])).toEqual([undefined]);
    expect(await beside.checkpoint(0)).toBeUndefined();
    expect((await store.groups()).toSorted()).toEqual(['main', 'timeline@2']);
    await store.drop('main');
    await store.drop('never-was');
    expect(await store.groups()).toEqual(['timeline@2']);
    const anew = await store.open('main', PROJECTIONS);
    expect(await anew.getMany('timeline', ['a'])).toEqual([undefined]);
    expect(await anew.checkpoint(0)).toBeUndefined();
  });

  it('refuses a group with other projections than it was made with', async () => {
    const changed = { ...TIMELINE, indexes: [] };
    await expect(bench().store.open('main', [changed, COUNTERS])).rejects.toThrow('main');
    const elsewhere = await bench().under.connect();
    await expect(elsewhere.open('main', [TIMELINE])).rejects.toThrow('main');
    await expect(elsewhere.open('../main', PROJECTIONS)).rejects.toThrow('main');
    expect((await elsewhere.open('main', PROJECTIONS)).id).toBe('main');
  });

  it('moves pointers all at once', async () => {
    const { store } = bench();
    expect(await store.pointers()).toEqual([]);
    await store.point([
      { projection: 'timeline', group: 'main' },
      { projection: 'daily-counts', group: 'main' },
    ]);
    await store.point([{ projection: 'timeline', group: 'timeline@2', previous: 'main' }]);
    const pointers = [
      { projection: 'daily-counts', group: 'main' },
      { projection: 'timeline', group: 'timeline@2', previous: 'main' },
    ];
    expect(await (await bench().under.connect()).pointers()).toEqual(pointers);
    await store.point([{ projection: 'timeline', group: 'main' }]);
    expect(await store.pointers()).toEqual([pointers[0], { projection: 'timeline', group: 'main' }]);
    expect(await store.groups()).toEqual(['main']);
  });

  it('finds everything again when it is opened anew', async () => {
    await bench().write({ a: touchpoint('a') }, { progress: [{ stream: 's', revision: 3, position: 9 }] });
    await bench().store.point([{ projection: 'timeline', group: 'main' }]);
    const store = await bench().under.restart();
    const group = await store.open('main', PROJECTIONS);
    expect(await group.getMany('timeline', ['a'])).toEqual([touchpoint('a')]);
    expect(await group.find('timeline', BY_TIME)).toEqual({ items: [touchpoint('a')] });
    expect(await group.progress(['s'])).toEqual([{ stream: 's', revision: 3, position: 9 }]);
    expect(await group.checkpoint(0)).toEqual(at(1));
    expect(await store.pointers()).toEqual([{ projection: 'timeline', group: 'main' }]);
    expect(await store.groups()).toEqual(['main']);
  });
}
