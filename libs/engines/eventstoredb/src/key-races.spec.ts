import { EngineError } from '#libs/core';
import type { AppendResult, EventLog, IndexEntry } from '#libs/core';
import { appendTo, eventually, fill, keyOf, nextUuid, readWhole, streamOf } from '#libs/testing';
import { MAX_APPENDS_UNDER_WAY } from './append-writer';
import { BRIEF, DoubleUnderTest } from './double-under-test.fixture';
import { InMemoryLogIndex } from './in-memory-log-index.fixture';
import { takeoverMs } from './timings';

// Servers that are away, and machines that are busy.
jest.setTimeout(30_000);

let test: DoubleUnderTest;
beforeEach(async () => (test = await DoubleUnderTest.start()));
afterEach(() => test.stop());

const key = keyOf('once');
const duplicate = { outcome: 'duplicate', key };

/** What a process claimed before it died. */
async function deadClaim(stream: number, revision: number): Promise<IndexEntry> {
  const entry = { eventId: nextUuid(), stream: streamOf(stream), revision, key };
  expect(await test.index.reserve([entry])).toEqual([]);
  return entry;
}

/** Writes past the index, as a process did that died before it could confirm. */
const unindexed = (): EventLog => test.log({}, new InMemoryLogIndex());

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const from = performance.now();
  return { result: await work, ms: performance.now() - from };
}

async function eventsWithKeys(): Promise<number> {
  return (await readWhole(test.log())).length;
}

const outcomes = (results: readonly AppendResult[]): string[] =>
  results.map(({ outcome }) => outcome).toSorted();

describe('two processes', () => {
  it('give a key to one of them, in different streams', async () => {
    const [a, b] = [test.log(), test.log()];
    for (let i = 0; i < 20; i++) {
      const once = { key: keyOf(`key ${i}`) };
      const results = await Promise.all([
        appendTo(a, streamOf(2 * i), -1, {}, once),
        appendTo(b, streamOf(2 * i + 1), -1, {}, once),
      ]);
      expect(outcomes(results)).toEqual(['appended', 'duplicate']);
    }
    expect(await readWhole(a)).toHaveLength(40);
  });

  it('give a key to one of them, in one stream, at one revision or at several', async () => {
    const [a, b] = [test.log(), test.log()];
    for (let i = 0; i < 20; i++) {
      const once = { key: keyOf(`key ${i}`) };
      const results = await Promise.all([
        appendTo(a, streamOf(i), -1, once, {}),
        i % 2 === 0 ? appendTo(b, streamOf(i), -1, once) : appendTo(b, streamOf(i), -1, {}, once),
      ]);
      expect(outcomes(results)).toEqual(['appended', 'duplicate']);
      const { length } = await a.readStream(streamOf(i), 0, 10);
      expect(await appendTo(a, streamOf(i), length - 1, once)).toMatchObject({ outcome: 'duplicate' });
    }
  });

  it('have one winner a revision', async () => {
    const logs = [test.log(), test.log()];
    const winners: number[] = [];
    const write = async (log: EventLog, number: number): Promise<void> => {
      for (let expected = -1; ;) {
        const result = await appendTo(log, streamOf(1), expected, { key: keyOf(`key ${number}`) });
        if (result.outcome === 'appended') {
          winners.push(expected + 1);
          return;
        }
        if (result.outcome !== 'conflict') throw new Error(result.outcome);
        expected = result.head;
      }
    };
    await Promise.all(Array.from({ length: 30 }, (_, i) => write(logs[i % 2] ?? test.log(), i)));
    const all = Array.from({ length: 30 }, (_, rev) => rev);
    expect(winners.toSorted((x, y) => x - y)).toEqual(all);
    expect((await test.log().readStream(streamOf(1), 0, 100)).map(({ rev }) => rev)).toEqual(all);
  });
});

describe('a claim whose holder died', () => {
  it('in another stream is waited for, taken, and waited for again', async () => {
    await deadClaim(1, 0);
    const { result, ms } = await timed(appendTo(test.log(), streamOf(2), -1, { key }));
    expect(result).toMatchObject({ outcome: 'appended' });
    expect(ms).toBeGreaterThan(BRIEF.claimHeldMs + takeoverMs(BRIEF) - 50);
    const again = test.log();
    expect(await again.locate([key])).toEqual([{ stream: streamOf(2), revision: 0 }]);
    expect(await appendTo(again, streamOf(3), -1, { key })).toEqual(duplicate);
  });

  it('in this stream is nobody’s, at the same revision, before and behind it', async () => {
    for (const [i, revision] of [0, 1, 3].entries()) {
      const held = { eventId: nextUuid(), stream: streamOf(i), revision, key: keyOf(`key ${i}`) };
      await test.index.reserve([held]);
      const log = test.log();
      const id = nextUuid();
      const { result, ms } = await timed(appendTo(log, streamOf(i), -1, {}, { id, key: held.key }));
      expect(result).toMatchObject({ outcome: 'appended' });
      expect(ms).toBeLessThan(BRIEF.claimHeldMs);
      const place = { stream: streamOf(i), revision: 1 };
      expect(await log.locate([held.key, id, held.eventId])).toEqual([place, place, undefined]);
    }
  });

  it('is taken without a wait where this process gave it up', async () => {
    const log = test.log();
    expect(await appendTo(log, streamOf(1), 5, { key })).toEqual({ outcome: 'conflict', head: -1 });
    const { result, ms } = await timed(appendTo(log, streamOf(2), -1, { key }));
    expect(result).toMatchObject({ outcome: 'appended' });
    expect(ms).toBeLessThan(BRIEF.claimHeldMs);
  });

  it('goes to one of many that wait for it', async () => {
    await deadClaim(1, 0);
    const logs = [test.log(), test.log(), test.log()];
    const results = await Promise.all(logs.map((log, i) => appendTo(log, streamOf(i + 2), -1, { key })));
    expect(outcomes(results)).toEqual(['appended', 'duplicate', 'duplicate']);
    expect(await eventsWithKeys()).toBe(1);
  });
});

describe('an event that the index does not know of', () => {
  it('is found while its key is waited for', async () => {
    const held = await deadClaim(1, 0);
    const pending = appendTo(test.log(), streamOf(2), -1, { key });
    await eventually('it is waited for', () => test.index.entries.size === 1);
    await appendTo(unindexed(), held.stream, -1, { id: held.eventId, key });
    expect(await pending).toEqual(duplicate);
    const place = { stream: held.stream, revision: 0 };
    expect(await test.log().locate([key, held.eventId])).toEqual([place, place]);
  });

  it('is found when it lands after its key was taken', async () => {
    const held = await deadClaim(1, 0);
    const pending = appendTo(test.log(), streamOf(2), -1, { key });
    await eventually('it is taken', () => test.index.holder(key)?.entry.stream === streamOf(2));
    await appendTo(unindexed(), held.stream, -1, { id: held.eventId, key });
    expect(await pending).toEqual(duplicate);
    const log = test.log();
    expect(await log.locate([key])).toEqual([{ stream: held.stream, revision: 0 }]);
    expect(await appendTo(log, streamOf(3), -1, { key })).toEqual(duplicate);
    expect(await eventsWithKeys()).toBe(1);
  });

  it('is found behind the place at which its key is held', async () => {
    await deadClaim(1, 1);
    await appendTo(unindexed(), streamOf(1), -1, {}, {}, ...Array.from({ length: 40 }, () => ({})), { key });
    const log = test.log();
    expect(await log.locate([key])).toEqual([{ stream: streamOf(1), revision: 42 }]);
    expect(await appendTo(log, streamOf(1), 42, { key })).toEqual(duplicate);
    expect(await appendTo(log, streamOf(2), -1, { key })).toEqual(duplicate);
  });

  it('is found by the conflict that it makes, and the index is right again', async () => {
    const log = test.log();
    await fill(log, streamOf(1), 3);
    const id = nextUuid();
    await appendTo(log, streamOf(1), 2, {}, { id, key }, {});
    await log.settled();
    test.index.clear();
    expect(await log.locate([key, id])).toEqual([undefined, undefined]);
    expect(await appendTo(log, streamOf(1), 2, { key })).toEqual(duplicate);
    const place = { stream: streamOf(1), revision: 4 };
    expect(await log.locate([key, id])).toEqual([place, place]);
  });

  it('is in an index that is made again from the log', async () => {
    const [target, about] = [nextUuid(), nextUuid()];
    await appendTo(unindexed(), streamOf(1), -1, { id: target, key }, {});
    await appendTo(unindexed(), streamOf(1), 1, { id: about, about: { target, role: 'state' } });
    await fill(test.log({ attemptMs: 3_000 }, new InMemoryLogIndex()), streamOf(2), 600);
    const log = test.log();
    const told: number[] = [];
    await log.reindex((events) => told.push(events), new AbortController().signal);
    expect(told.at(-1)).toBe((await log.readAll(0, 1_000)).length);
    await expect(log.reindex(() => undefined, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
      'enough',
    );
    expect(await log.locate([target, key])).toEqual([
      { stream: streamOf(1), revision: 0, state: 2 },
      { stream: streamOf(1), revision: 0 },
    ]);
    expect((await log.streams(undefined, 10)).items).toHaveLength(2);
    expect(await appendTo(log, streamOf(3), -1, { key })).toEqual(duplicate);
  });
});

it('does not try again when its key was taken from it, and tells that it does not know', async () => {
  const log = test.log({ claimFreshMs: 0 });
  test.double.faults.plan([{ fault: 'silence' }]);
  const asked = test.appendsAsked();
  const pending = appendTo(log, streamOf(1), -1, { key }).catch((error: unknown) => error);
  await eventually('it is under way', () => asked() === 1);
  const robber = { eventId: nextUuid(), stream: streamOf(2), revision: 0, key };
  await test.index.take({ key, stream: streamOf(1), revision: 0, confirmed: false }, robber);
  expect(await pending).toBeInstanceOf(EngineError);
  expect(await eventsWithKeys()).toBe(0);
});

it('does not append when its key was taken while it stood in line', async () => {
  const timings = { landsWithinMs: 200, claimFreshMs: 50, claimHeldMs: 300 };
  // Longer than the test: what is silent keeps its place until the connections are dropped.
  const [log, other] = [test.log({ ...timings, attemptMs: 20_000 }), test.log(timings)];
  const others = Array.from({ length: MAX_APPENDS_UNDER_WAY }, (_, i) => streamOf(100 + i));
  test.double.faults.plan(others.map((stream) => ({ fault: 'silence', stream })));
  const asked = test.appendsAsked();
  const silent = Promise.all(others.map((stream) => appendTo(log, stream, -1, {})));
  await eventually('the line is full', () => asked() === others.length);
  const pending = appendTo(log, streamOf(1), -1, { key });
  await eventually('it is claimed', () => test.index.holder(key)?.entry.stream === streamOf(1));
  expect(await appendTo(other, streamOf(2), -1, { key })).toMatchObject({ outcome: 'appended' });
  await test.double.obey({ do: 'drop-connections' });
  expect(await pending).toEqual(duplicate);
  expect(outcomes(await silent)).toEqual(others.map(() => 'appended'));
  expect(await log.readStream(streamOf(1), 0, 1)).toEqual([]);
  expect(await eventsWithKeys()).toBe(others.length + 1);
});
