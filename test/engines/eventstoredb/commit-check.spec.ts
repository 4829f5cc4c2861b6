import type { AppendExpectedRevision } from '@eventstore/db-client';
import { DoubleUnderTest, event, events, typeOfError, WAYS } from './with-double';

const WRONG = 'wrong-expected-version';
const DELETED = 'stream-deleted';
const STREAM = 'customer-1';

describe.each(WAYS)('what is written and what was written before, by %s', (way) => {
  const under = new DoubleUnderTest();
  const append = (written: ReturnType<typeof events>, expected: AppendExpectedRevision) =>
    under.append(STREAM, written, expected, way);
  const refusal = (written: ReturnType<typeof events>, expected: AppendExpectedRevision) =>
    typeOfError(append(written, expected));

  test.each(['any', 'no_stream'] as const)('row 1: a new stream takes %s', async (expected) => {
    expect(await append(events(2), expected)).toMatchObject({ success: true, nextExpectedRevision: 1n });
  });

  test.each(['stream_exists', 0n, 7n] as const)('rows 1b, 4: a new stream refuses %s', async (expected) => {
    const failing = append(events(1), expected);
    await expect(failing).rejects.toMatchObject({
      type: WRONG,
      streamName: STREAM,
      expectedVersion: expected,
      actualVersion: 'no_stream',
    });
  });

  test.each(['any', 'no_stream', 'stream_exists', 0n] as const)(
    'row 2: a tombstoned stream refuses %s, what it holds included',
    async (expected) => {
      const [first] = [event()];
      await append([first], 'any');
      await under.client.tombstoneStream(STREAM);
      const failing = append([first], expected);
      await expect(failing).rejects.toMatchObject({ type: DELETED, streamName: STREAM });
    },
  );

  test('row 3: a soft-deleted stream refuses stream_exists', async () => {
    await append(events(1), 'any');
    await under.client.deleteStream(STREAM);
    expect(await refusal(events(1), 'stream_exists')).toBe(DELETED);
  });

  test('row 4: metadata alone makes a stream exist', async () => {
    await under.client.setStreamMetadata(STREAM, { maxCount: 9 });
    expect(await append(events(1), 'stream_exists')).toMatchObject({ nextExpectedRevision: 0n });
  });

  test('row 5: with any, a batch whose first id is new is written whole, known ids again', async () => {
    const [known, fresh] = [event('known'), event('fresh')];
    await append([known], 'any');
    expect(await append([fresh, known], 'any')).toMatchObject({ nextExpectedRevision: 2n });
    expect(await under.typesOf(STREAM)).toEqual(['known', 'fresh', 'known']);
  });

  test('row 5: an id known of another stream is new here', async () => {
    const known = event();
    await under.append('customer-2', [known], 'any', way);
    expect(await append([known], 'any')).toMatchObject({ nextExpectedRevision: 0n });
  });

  test.each(['any', 'stream_exists'] as const)(
    'row 6: %s, first id known, a later one new',
    async (expected) => {
      const known = event();
      await append([known], 'any');
      const failing = append([known, event()], expected);
      await expect(failing).rejects.toMatchObject({
        type: WRONG,
        expectedVersion: expected,
        actualVersion: 0n,
      });
    },
  );

  test.each(['any', 'stream_exists'] as const)('row 7: %s, all ids known', async (expected) => {
    const [one, two] = [event(), event()];
    const first = await append([one, two], 'any');
    await append(events(3), 'any');
    expect(await append([one, two], expected)).toEqual(first);
    expect(await under.typesOf(STREAM)).toHaveLength(5);
  });

  test('row 7 rests on a cache: without it the batch is written twice', async () => {
    const known = event();
    await append([known], 'any');
    await under.double.obey({ do: 'wipe-cache' });
    expect(await append([known], 'any')).toMatchObject({ nextExpectedRevision: 1n });
  });

  test.each(['no_stream', 1n] as const)('row 8: the same ids after %s, the cache gone', async (expected) => {
    if (expected === 1n) await append(events(2), 'any');
    const batch = events(2);
    const first = await append(batch, expected);
    await append(events(3), 'any');
    await under.double.obey({ do: 'wipe-cache' });
    expect(await append(batch, expected)).toEqual(first);
    expect(await append(batch.slice(0, 1), expected)).toMatchObject({
      nextExpectedRevision: first.nextExpectedRevision - 1n,
    });
  });

  test.each(['no_stream', 0n] as const)('row 9: other ids after %s', async (expected) => {
    await append(events(3), 'any');
    const failing = append(events(1), expected);
    await expect(failing).rejects.toMatchObject({
      type: WRONG,
      expectedVersion: expected,
      actualVersion: 2n,
    });
  });

  test('row 9: no_stream makes a soft-deleted stream again, and its numbers go on', async () => {
    await append(events(2, 'old'), 'any');
    await under.client.deleteStream(STREAM);
    expect(await append(events(1, 'new'), 'no_stream')).toMatchObject({ nextExpectedRevision: 2n });
    expect(await under.typesOf(STREAM)).toEqual(['new-0']);
  });

  test('row 10: the first id matches, a later one differs or is missing', async () => {
    const [one, two] = [event(), event()];
    await append([one, two], 'no_stream');
    expect(await refusal([one, event()], 'no_stream')).toBe(WRONG);
    expect(await refusal([one, two, event()], 'no_stream')).toBe(WRONG);
    expect(await refusal([two, one], 'no_stream')).toBe(WRONG);
  });

  test('row 11: no events where others follow', async () => {
    await append(events(2), 'any');
    expect(await refusal([], 0n)).toBe(WRONG);
  });

  test('row 12: a revision that is not there yet', async () => {
    await append(events(2), 'any');
    await expect(append(events(1), 2n)).rejects.toMatchObject({ type: WRONG, actualVersion: 1n });
  });

  test('row 13: at the exact revision nobody looks at ids', async () => {
    const known = event();
    await append([known], 'no_stream');
    expect(await append([known], 0n)).toMatchObject({ nextExpectedRevision: 1n });
    expect(await under.typesOf(STREAM)).toHaveLength(2);
  });

  test('nothing of a refused batch is written', async () => {
    const before = under.double.store.shown;
    await refusal(events(5), 3n);
    expect(under.double.store.shown).toBe(before);
  });

  test('an empty append succeeds and writes nothing that reads show', async () => {
    await append(events(2), 'any');
    expect(await append([], 1n)).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(await under.typesOf(STREAM)).toHaveLength(2);
  });

  test('the position of what was written before is not told where it is hidden now', async () => {
    const batch = events(1);
    await append(batch, 'no_stream');
    await append(events(1), 'any');
    await under.client.setStreamMetadata(STREAM, { truncateBefore: 1 });
    expect((await append(batch, 'no_stream')).position).toBeUndefined();
  });
});

describe('a small cache', () => {
  const under = new DoubleUnderTest({ cacheBytes: 4 * (28 + 2 * STREAM.length) });

  test('forgets the oldest ids', async () => {
    const [oldest] = [event()];
    await under.append(STREAM, [oldest]);
    await under.append(STREAM, events(3));
    expect((await under.append(STREAM, [oldest])).nextExpectedRevision).toBe(0n);
    await under.append(STREAM, events(1));
    expect((await under.append(STREAM, [oldest])).nextExpectedRevision).toBe(5n);
  });
});
