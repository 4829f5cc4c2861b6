import { jsonEvent } from '@eventstore/db-client';
import { EngineError } from '#libs/core';
import type { EventLog, StoredRecord } from '#libs/core';
import { appendTo, bytesOf, eventually, fill, readWhole, streamOf } from '#libs/testing';
import type { Command } from '../../../../test/engines/eventstoredb/control';
import { CountingProxy } from './counting-proxy.fixture';
import { DoubleUnderTest } from './double-under-test.fixture';

// Servers that are away, and machines that are busy.
jest.setTimeout(30_000);

let test: DoubleUnderTest;
beforeEach(async () => (test = await DoubleUnderTest.start()));
afterEach(() => test.stop());

/** Follows into a list until it is stopped. */
class Follower {
  readonly records: StoredRecord[] = [];
  readonly batches: number[] = [];
  readonly #stop = new AbortController();
  readonly ended: Promise<unknown>;

  constructor(log: EventLog, after = 0) {
    this.ended = this.#run(log, after).catch((error: unknown) => error);
  }

  async #run(log: EventLog, after: number): Promise<void> {
    for await (const records of log.follow(after, this.#stop.signal)) {
      this.records.push(...records);
      this.batches.push(records.length);
    }
  }

  has(count: number): Promise<void> {
    return eventually(`${count} followed`, () => this.records.length >= count, 15_000);
  }

  async stop(): Promise<unknown> {
    this.#stop.abort();
    return this.ended;
  }
}

const DROPS: readonly Command[] = [
  { do: 'end-subscriptions' },
  { do: 'drop-subscriptions' },
  { do: 'drop-connections' },
  { do: 'repeat-caught-up' },
];

it.each(DROPS)('misses and repeats nothing: $do', async (command) => {
  const log = test.log();
  const follower = new Follower(log);
  for (let round = 0; round < 4; round++) {
    await fill(log, streamOf(round), 5);
    if (round % 2 === 0) await follower.has(round * 5 + 1);
    await test.double.obey(command);
  }
  await follower.has(20);
  expect(await follower.stop()).toBeUndefined();
  expect(follower.records.map(bytesOf)).toEqual((await readWhole(log)).map(bytesOf));
});

it('goes on from where it was, however long the server was away', async () => {
  const log = test.log();
  const follower = new Follower(log);
  await fill(log, streamOf(1), 3);
  await follower.has(3);
  await test.restartAfter(1_500);
  await fill(test.log(), streamOf(2), 3);
  await follower.has(6);
  await follower.stop();
  expect(follower.records.map(({ rev }) => rev)).toEqual([0, 1, 2, 0, 1, 2]);
});

it('does not believe a checkpoint that leads past the end', async () => {
  test.double.faults.set({ poisonCheckpoint: true });
  const proxy = await CountingProxy.before(test.double.address);
  const follower = new Follower(test.log({}, test.index, proxy.address));
  for (let drops = 0; drops < 4; drops++) {
    await eventually('it follows', () => proxy.made > drops);
    proxy.drop();
  }
  await fill(test.log(), streamOf(1), 4);
  await follower.has(4);
  expect(await follower.stop()).toBeUndefined();
  proxy.close();
});

it('passes over what is the server’s or another’s', async () => {
  const log = test.log();
  const { client } = test.links().appends;
  await fill(log, streamOf(1), 1);
  await test.double.obey({ do: 'write-statistics' });
  await client.appendToStream('somebody-else', jsonEvent({ type: 'hello', data: {} }));
  await client.setStreamMetadata(streamOf(1), { acl: { readRoles: ['$admins'] } });
  await fill(log, streamOf(2), 1);
  await client.deleteStream(streamOf(2));
  const follower = new Follower(log);
  await follower.has(2);
  await appendTo(log, streamOf(1), 0, {});
  await follower.has(3);
  await follower.stop();
  expect(follower.records.map(({ stream }) => stream)).toEqual([streamOf(1), streamOf(2), streamOf(1)]);
  expect((await log.readAll(0, 10)).map(({ id }) => id)).toEqual(follower.records.map(({ id }) => id));
  expect((await log.readAll(0, 1)).map(({ rev }) => rev)).toEqual([0]);
  expect(await log.lastPosition()).toBe(follower.records[2]?.position);
});

it('gives many events as few batches, and waits while its consumer is busy', async () => {
  const log = test.log({ attemptMs: 3_000 });
  for (let i = 0; i < 4; i++) await fill(log, streamOf(i), 150);
  const stop = new AbortController();
  const sizes: number[] = [];
  let followed = 0;
  for await (const records of log.follow(0, stop.signal)) {
    sizes.push(records.length);
    followed += records.length;
    // Others are served meanwhile.
    if (sizes.length === 1) await fill(log, streamOf(100), 1);
    if (followed >= 601) stop.abort();
  }
  expect(followed).toBe(601);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
  expect(sizes.length).toBeLessThan(150);
});

it('ends with an error at an event that is no record', async () => {
  const log = test.log();
  await fill(log, streamOf(1), 1);
  const { client } = test.links().appends;
  await client.appendToStream(streamOf(1), jsonEvent({ type: 'forged', data: {} }));
  const follower = new Follower(log);
  await follower.has(1);
  expect(await follower.ended).toBeInstanceOf(EngineError);
  await expect(log.readAll(0, 10)).rejects.toThrow(EngineError);
});
