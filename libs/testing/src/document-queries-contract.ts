import { CursorError, MAX_WORD_MATCHES, QueryTooBroadError } from '#libs/core';
import type { Document, DocumentQuery } from '#libs/core';
import { BY_TIME, CUSTOMER, OTHER, touchpoint, touchpoints } from './document-bench';
import type { BenchOf } from './document-bench';

const day = (n: number): string => `2026-01-${String(n).padStart(2, '0')}T00:00:00.000Z`;

const said = (words: string | undefined, change: Document = {}): Document => ({ words, ...change });

export function finding(bench: BenchOf): void {
  it('answers equality within an index, on its fields and on what it covers', async () => {
    await bench().write({
      a: touchpoint('a', { at: day(1) }),
      b: touchpoint('b', { at: day(2), channel: 'phone' }),
      c: touchpoint('c', { at: day(3), _customer: OTHER, channel: 'phone' }),
      d: touchpoint('d', { at: day(4), channel: 'phone', kind: 'call', revision: 7 }),
    });
    expect(await bench().ids({})).toEqual(['a', 'b', 'd']);
    expect(await bench().ids({ equals: { _customer: OTHER } })).toEqual(['c']);
    expect(await bench().ids({ equals: { _customer: 'nobody' } })).toEqual([]);
    expect(await bench().ids({ equals: { _customer: CUSTOMER, channel: 'phone' } })).toEqual(['b', 'd']);
    expect(await bench().ids({ equals: { _customer: CUSTOMER, channel: 'phone', kind: 'call' } })).toEqual([
      'd',
    ]);
    expect(await bench().ids({ equals: { _customer: CUSTOMER, revision: 7 } })).toEqual(['d']);
    expect(await bench().ids({ equals: {} })).toEqual(['a', 'b', 'd', 'c']);
    expect(await bench().ids({ equals: { _customer: CUSTOMER, at: day(2), revision: 0 } })).toEqual(['b']);
    expect(await bench().ids({ index: 'by-channel', equals: { channel: 'phone' } })).toEqual(['b', 'c', 'd']);
  });

  it('takes bounds on the first sort field: from inclusive, to exclusive', async () => {
    await bench().write(touchpoints(9, (i) => ({ at: day(i + 1) })));
    const within = async (query: Partial<DocumentQuery>): Promise<unknown[]> =>
      (await bench().ids({ limit: 2, ...query })).map((id) => Number(String(id).slice(1)) + 1);
    expect(await within({ from: day(3), to: day(6) })).toEqual([3, 4, 5]);
    expect(await within({ from: day(3), to: day(6), order: 'desc' })).toEqual([5, 4, 3]);
    expect(await within({ from: day(8) })).toEqual([8, 9]);
    expect(await within({ to: day(3), order: 'desc' })).toEqual([2, 1]);
    expect(await within({ from: day(5), to: day(5) })).toEqual([]);
    const byChannel = { index: 'by-channel', equals: { channel: 'email' } };
    await bench().write(touchpoints(9, (i) => ({ revision: i * 10 })));
    expect(await within({ ...byChannel, from: 20, to: 40 })).toEqual([3, 4]);
  });

  it('follows what is changed and removed', async () => {
    await bench().write({ a: touchpoint('a', { at: day(1) }), b: touchpoint('b', { at: day(2) }) });
    await bench().write({
      a: touchpoint('a', { at: day(3), note: 'moved' }),
      c: touchpoint('c', { at: day(4) }),
    });
    expect(await bench().ids({})).toEqual(['b', 'a', 'c']);
    await bench().write({ a: touchpoint('a', { at: day(3), channel: 'phone' }), b: undefined });
    expect(await bench().ids({})).toEqual(['a', 'c']);
    expect(await bench().ids({ equals: { _customer: CUSTOMER, channel: 'phone' } })).toEqual(['a']);
    await bench().write({ a: touchpoint('a', { _customer: OTHER }) });
    expect(await bench().ids({})).toEqual(['c']);
  });

  it('leaves out of an index what lacks one of its fields', async () => {
    await bench().write({
      a: touchpoint('a'),
      b: touchpoint('b', { at: undefined }),
      c: touchpoint('c', { at: null }),
      d: touchpoint('d', { at: ['x'] }),
      e: touchpoint('e', { channel: undefined }),
      f: { id: 'f' },
    });
    expect(await bench().ids({})).toEqual(['a', 'e']);
    expect(await bench().ids({ order: 'desc' })).toEqual(['e', 'a']);
    expect(await bench().ids({ equals: { _customer: CUSTOMER, channel: 'email' } })).toEqual(['a']);
    expect(await bench().ids({ index: 'by-channel', equals: { channel: 'email' } })).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });

  it('answers only what an index was declared for', async () => {
    await expect(bench().find({ index: 'by-weather' })).rejects.toThrow('by-weather');
    await expect(bench().find({ equals: { _customer: CUSTOMER, mood: 'good' } })).rejects.toThrow('mood');
    await expect(
      bench().find({ equals: { _customer: CUSTOMER, at: day(1), revision: 1 }, from: 1 }),
    ).rejects.toThrow(TypeError);
    for (const limit of [0, -1, 1.5, 1e9]) await expect(bench().find({ limit })).rejects.toThrow(RangeError);
  });
}

export function ordering(bench: BenchOf): void {
  it('sorts both ways, by every field of the sort, ties by key', async () => {
    await bench().write({
      d: touchpoint('d', { at: day(1), revision: 2 }),
      c: touchpoint('c', { at: day(1), revision: 10 }),
      b: touchpoint('b', { at: day(2), revision: 1 }),
      a: touchpoint('a', { at: day(2), revision: 1 }),
    });
    for (const limit of [1, 2, 3, 10]) {
      expect(await bench().ids({ limit })).toEqual(['d', 'c', 'a', 'b']);
      expect(await bench().ids({ limit, order: 'desc' })).toEqual(['b', 'a', 'c', 'd']);
    }
  });

  it('pages through ties without losing or repeating one', async () => {
    const documents = touchpoints(57, (i) => ({
      at: day(1 + (i % 2)),
      channel: i % 3 === 0 ? 'phone' : 'email',
    }));
    await bench().write(documents);
    const phone = { equals: { _customer: CUSTOMER, channel: 'phone' } };
    for (const order of ['asc', 'desc'] as const) {
      expect((await bench().ids({ limit: 5, order })).map(String).toSorted()).toEqual(Object.keys(documents));
      expect(new Set(await bench().ids({ ...phone, limit: 4, order })).size).toBe(19);
    }
  });

  it('sorts numbers as numbers, before text, and text by code points', async () => {
    const places = [-5, 0, 1.5, 9, 10, 2 ** 53 - 1, '', '10', '9', 'Z', 'a', 'é', 'ﬁ', '😀'];
    await bench().write(
      Object.fromEntries(places.map((revision, i) => [`k${i}`, touchpoint(`k${i}`, { revision })])),
    );
    const query = { index: 'by-channel', equals: { channel: 'email' }, limit: 3 };
    const ids = places.map((_, i) => `k${i}`);
    expect(await bench().ids(query)).toEqual(ids);
    expect(await bench().ids({ ...query, order: 'desc' })).toEqual(ids.toReversed());
  });
}

export function paging(bench: BenchOf): void {
  it('is not disturbed by documents that arrive or go meanwhile', async () => {
    const documents = touchpoints(20, (i) => ({ at: day(i + 1) }));
    await bench().write(documents);
    let round = 0;
    const disturb = async (): Promise<void> => {
      round += 1;
      const early = `early${round}`;
      await bench().write({
        [early]: touchpoint(early, { at: '2020-01-01T00:00:00.000Z' }),
        t00000: undefined,
      });
    };
    expect(await bench().ids({ limit: 4 }, disturb)).toEqual(Object.keys(documents));
    const before = Object.keys(documents).slice(1).toReversed();
    const late = async (): Promise<void> => {
      await bench().write({ late: touchpoint('late', { at: day(31) }), t00019: undefined });
    };
    expect(await bench().ids({ limit: 4, order: 'desc', from: day(1) }, late)).toEqual(before);
  });

  it('gives no cursor with the last page', async () => {
    await bench().write(touchpoints(4, () => ({})));
    const page = await bench().group.find('timeline', { ...BY_TIME, limit: 4 });
    expect([page.items.length, page.next]).toEqual([4, undefined]);
    expect(await bench().group.find('timeline', { ...BY_TIME, equals: { _customer: OTHER } })).toEqual({
      items: [],
    });
  });

  it('refuses a cursor of another query, a changed one, and nonsense', async () => {
    await bench().write(touchpoints(6, (i) => ({ revision: i })));
    const find = async (change: Partial<DocumentQuery>): Promise<unknown> =>
      bench().find({ limit: 2, ...change });
    const cursor = (await bench().find({ limit: 2 })).next ?? '';
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    await expect(find({ cursor, limit: 5 })).resolves.toMatchObject({ items: [{}, {}, {}, {}] });
    const others: Partial<DocumentQuery>[] = [
      { order: 'desc' },
      { equals: { _customer: OTHER } },
      { equals: { _customer: CUSTOMER, channel: 'email' } },
      { from: day(1) },
      { to: day(1) },
      { words: ['a'] },
      { index: 'by-channel', equals: { channel: 'email' } },
    ];
    for (const other of others) await expect(find({ ...other, cursor })).rejects.toThrow(CursorError);
    const place: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString() || '[]') as unknown[];
    const changed = Buffer.from(JSON.stringify([...place.slice(0, -1), 'zzz'])).toString('base64url');
    const nonsense = [
      '',
      'null',
      '%',
      'e30',
      'W10',
      'WzFd',
      cursor.slice(1),
      cursor.slice(0, -4),
      changed,
      'A'.repeat(100_000),
    ];
    for (const text of nonsense) await expect(find({ cursor: text })).rejects.toThrow(CursorError);
  });
}

export function wording(bench: BenchOf): void {
  const search = async (...words: readonly string[]): Promise<unknown[]> => bench().ids({ words, limit: 2 });

  it('finds prefixes, all of them, within one scope, in the order of the index', async () => {
    await bench().write({
      a: touchpoint('a', said('late parcel refund', { at: day(3) })),
      b: touchpoint('b', said('parcel arrived', { at: day(2) })),
      c: touchpoint('c', said('parcel lost', { at: day(1), _customer: OTHER })),
      d: touchpoint(
        'd',
        said('wayparcel "quoted\\" 退款 o\'neil 100% a_b naïve', { at: day(4), channel: 'phone' }),
      ),
      e: touchpoint('e', said(undefined, { at: day(5), subject: 'parcel' })),
    });
    expect(await search('parcel')).toEqual(['b', 'a']);
    expect(await search('par')).toEqual(['b', 'a']);
    expect(await search('par', 'late')).toEqual(['a']);
    expect(await search('late', 'arrived')).toEqual([]);
    expect(await search('arcel')).toEqual([]);
    for (const word of ['退', '"quo', '"quoted\\"', "o'", '100%', 'a_', 'naï'])
      expect(await search(word)).toEqual(['d']);
    for (const word of ['%', '_', 'a*', 'nai', 'Parcel']) expect(await search(word)).toEqual([]);
    expect(await bench().ids({ words: ['parcel'], order: 'desc' })).toEqual(['a', 'b']);
    expect(await bench().ids({ words: ['parcel'], from: day(3) })).toEqual(['a']);
    expect(await bench().ids({ words: ['way'], equals: { _customer: CUSTOMER, channel: 'email' } })).toEqual(
      [],
    );
    expect(await bench().ids({ words: ['lost'], equals: { _customer: OTHER } })).toEqual(['c']);
  });

  it('follows updates and removals', async () => {
    await bench().write({ a: touchpoint('a', said('alpha beta')), b: touchpoint('b', said('alpha')) });
    await bench().write({ a: touchpoint('a', said('beta gamma')) });
    expect(await search('alpha')).toEqual(['b']);
    expect(await search('gam')).toEqual(['a']);
    await bench().write({ a: touchpoint('a', said(undefined)), b: undefined });
    expect([...(await search('gam')), ...(await search('alpha'))]).toEqual([]);
    await bench().write({ b: touchpoint('b', said('alpha again')) });
    expect(await search('al', 'ag')).toEqual(['b']);
  });

  it('refuses words that it can not answer', async () => {
    const nowhere = { index: 'by-channel', equals: { channel: 'email' }, words: ['a'] };
    await expect(bench().find(nowhere)).rejects.toThrow('_customer');
    for (const words of [[], [''], ['two words'], Array.from({ length: 100 }, () => 'a')]) {
      await expect(bench().find({ words })).rejects.toThrow(RangeError);
    }
  });

  it('refuses a very broad query', async () => {
    const count = MAX_WORD_MATCHES + 500;
    await bench().write(
      touchpoints(count, (i) =>
        said(i === 3 ? 'common rare' : `common word${i}`, { at: day(1), revision: i }),
      ),
    );
    expect(await search('rare')).toEqual(['t00003']);
    await expect(bench().ids({ words: ['comm'], limit: 1000 })).rejects.toThrow(QueryTooBroadError);
  }, 60_000);
}
