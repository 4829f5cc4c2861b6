import { randomBytes } from 'node:crypto';
import { EngineError } from '#libs/core';
import type { EventLog } from '#libs/core';
import { appendTo, eventually, keyOf, nextUuid, opaqueRecord, streamOf } from '#libs/testing';
import { APPEND_FAULTS } from '../../../../test/engines/eventstoredb/faults';
import type { AppendFault } from '../../../../test/engines/eventstoredb/faults';
import { DoubleUnderTest } from './double-under-test.fixture';
import { InMemoryLogIndex } from './in-memory-log-index.fixture';

// Servers that are away, and machines that are busy.
jest.setTimeout(30_000);

let test: DoubleUnderTest;
beforeEach(async () => (test = await DoubleUnderTest.start()));
afterEach(() => test.stop());

const fail = (...faults: AppendFault[]): void => test.double.faults.plan(faults.map((fault) => ({ fault })));

async function idsOf(log: EventLog, stream: string): Promise<string[]> {
  return (await log.readStream(stream, 0, 100)).map(({ id }) => id);
}

describe.each([
  ['a new stream', -1],
  ['a stream that is there', 0],
])('an append of two records to %s', (_what, expected) => {
  it.each(APPEND_FAULTS)('is written once whatever comes back: %s', async (fault) => {
    const log = test.log();
    if (expected === 0) await appendTo(log, streamOf(1), -1, {});
    fail(fault);
    const [first, second] = [nextUuid(), nextUuid()];
    const result = await appendTo(
      log,
      streamOf(1),
      expected,
      { id: first, key: keyOf('once') },
      { id: second },
    );
    test.double.faults.release();
    const records = (await log.readStream(streamOf(1), 0, 10)).slice(expected + 1);
    expect(records.map(({ id }) => id)).toEqual([first, second]);
    expect(result).toEqual({ outcome: 'appended', positions: records.map(({ position }) => position) });
    expect(await appendTo(log, streamOf(1), expected + 2, {})).toMatchObject({ outcome: 'appended' });
    expect(await appendTo(log, streamOf(1), expected + 3, { key: keyOf('once') })).toMatchObject({
      outcome: 'duplicate',
    });
  });
});

it('is written once through a row of faults', async () => {
  const log = test.log();
  fail('unavailable', 'commit-then-silence', 'not-ready', 'commit-then-disconnect', 'abort');
  expect(await appendTo(log, streamOf(1), -1, {}, {}, {})).toMatchObject({ outcome: 'appended' });
  expect(await log.readStream(streamOf(1), 0, 10)).toHaveLength(3);
});

it('is known again behind what others wrote meanwhile, also when the server forgot its cache', async () => {
  const [log, other] = [test.log(), test.log()];
  fail('commit-then-silence');
  const id = nextUuid();
  const pending = appendTo(log, streamOf(1), -1, { id });
  await eventually('it landed', async () => (await other.head(streamOf(1))) !== undefined);
  await appendTo(other, streamOf(1), 0, {});
  test.double.store.cache.clear();
  expect(await pending).toMatchObject({ outcome: 'appended' });
  expect((await idsOf(log, streamOf(1)))[0]).toBe(id);
  expect(await idsOf(log, streamOf(1))).toHaveLength(2);
});

it('answers a conflict where another came first while its own outcome was unknown', async () => {
  const [log, other] = [test.log(), test.log()];
  fail('silence');
  const asked = test.appendsAsked();
  const pending = appendTo(log, streamOf(1), -1, {});
  await eventually('it is under way', () => asked() === 1);
  const id = nextUuid();
  expect(await appendTo(other, streamOf(1), -1, { id })).toMatchObject({ outcome: 'appended' });
  expect(await pending).toEqual({ outcome: 'conflict', head: 0 });
  expect(await idsOf(log, streamOf(1))).toEqual([id]);
});

it('rejects when the outcome stays unknown, answers conflict to what waited, and finds later what landed', async () => {
  const log = test.log({ settleMs: 400 });
  test.double.faults.set({ frozen: true });
  const id = nextUuid();
  const pending = appendTo(log, streamOf(1), -1, { id, key: keyOf('once') });
  const behind = appendTo(log, streamOf(1), 0, {});
  const outcome = await pending.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(EngineError);
  test.double.faults.set({ frozen: false });
  expect(await behind).toMatchObject({ outcome: 'conflict' });
  await eventually('it is found', async () => (await log.locate([id]))[0] !== undefined);
  const place = { stream: streamOf(1), revision: 0 };
  expect(await log.locate([id, keyOf('once')])).toEqual([place, place]);
  expect(await appendTo(log, streamOf(1), 0, { key: keyOf('once') })).toMatchObject({ outcome: 'duplicate' });
});

it('refuses for good what is too large, and takes the next', async () => {
  const log = test.log();
  const sealed = { '/service': randomBytes(900_000) };
  const started = performance.now();
  const tooLarge = appendTo(log, streamOf(1), -1, { sealed, key: keyOf('once') });
  const behind = appendTo(log, streamOf(1), 0, {});
  await expect(tooLarge).rejects.toThrow(EngineError);
  expect(await behind).toEqual({ outcome: 'conflict', head: -1 });
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(await appendTo(log, streamOf(2), -1, { key: keyOf('once') })).toMatchObject({ outcome: 'appended' });
});

it('writes nothing where the index can’t be reached', async () => {
  class Unreachable extends InMemoryLogIndex {
    override reserve(): Promise<never> {
      return Promise.reject(new EngineError('no index'));
    }
  }
  const log = test.log({}, new Unreachable());
  await expect(appendTo(log, streamOf(1), -1, {})).rejects.toThrow('no index');
  expect(await log.readStream(streamOf(1), 0, 1)).toEqual([]);
});

it('appends where the index confirms nothing', async () => {
  class Forgetful extends InMemoryLogIndex {
    override confirm(): Promise<void> {
      return Promise.reject(new EngineError('no index'));
    }
  }
  const log = test.log({}, new Forgetful());
  const [target, about] = [nextUuid(), nextUuid()];
  await appendTo(log, streamOf(1), -1, { id: target }, { key: keyOf('once') });
  await appendTo(log, streamOf(1), 1, { id: about, about: { target, role: 'state' } });
  expect(await log.locate([target, keyOf('once'), about, nextUuid()])).toEqual([
    { stream: streamOf(1), revision: 0, state: 2 },
    { stream: streamOf(1), revision: 1 },
    { stream: streamOf(1), revision: 2 },
    undefined,
  ]);
  expect(await appendTo(log, streamOf(1), 2, { key: keyOf('once') })).toMatchObject({ outcome: 'duplicate' });
});

it('names no stream, id or text in its errors', async () => {
  const log = test.log({ settleMs: 100 });
  const record = opaqueRecord(streamOf(1), 0, { sealed: { '/service': randomBytes(900_000) } });
  const refused: unknown = await log
    .append({ stream: streamOf(1), expectedRevision: -1, records: [record] })
    .catch((error: unknown) => error);
  fail(
    'unavailable',
    'unavailable',
    'unavailable',
    'unavailable',
    'unavailable',
    'unavailable',
    'unavailable',
  );
  const unknown: unknown = await appendTo(log, streamOf(1), -1, {}).catch((error: unknown) => error);
  for (const error of [refused, unknown]) {
    expect(error).toBeInstanceOf(EngineError);
    expect(String(error)).not.toMatch(/customer|01930000/);
  }
});
