import { jsonEvent } from '@eventstore/db-client';
import { EngineError } from '#libs/core';
import { eventually, fill, streamOf } from '#libs/testing';
import { DoubleUnderTest } from './double-under-test.fixture';
import { watchHistory } from './history-watch';
import type { HistoryAlarm } from './history-watch';

// Servers that are away, and machines that are busy.
jest.setTimeout(30_000);

let test: DoubleUnderTest;
beforeEach(async () => (test = await DoubleUnderTest.start()));
afterEach(() => test.stop());

class Watch {
  readonly alarms: HistoryAlarm[] = [];
  readonly faults: unknown[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /** `hear` is called with each alarm before it is kept. */
  constructor(after = 0, hear: (alarm: HistoryAlarm) => void = () => undefined) {
    const onAlarm = (alarm: HistoryAlarm): void => {
      hear(alarm);
      this.alarms.push(alarm);
    };
    const onFault = (error: unknown): void => void this.faults.push(error);
    const { signal } = this.#stop;
    this.#ended = watchHistory(test.links(), { after, signal, onAlarm, onFault, beginAgainMs: 1 });
  }

  async tells(count: number): Promise<readonly (readonly [stream: string, what: string])[]> {
    await eventually(`${count} alarms`, () => this.alarms.length >= count);
    return this.alarms.map(({ stream, what }) => [stream, what]);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

it('tells what hides or deletes events of the ledger, once, and nothing else', async () => {
  const log = test.log();
  const { client } = test.links().appends;
  for (let i = 1; i <= 6; i++) await fill(log, streamOf(i), 3);
  await client.setStreamMetadata(streamOf(1), { maxAge: 60 });
  const watch = new Watch();
  await watch.tells(1);
  await client.setStreamMetadata('somebody-else', { maxCount: 1 });
  await client.setStreamMetadata(streamOf(6), { acl: { readRoles: ['$admins'] } });
  await client.setStreamMetadata(streamOf(2), { maxCount: 2, truncateBefore: 1 });
  await client.deleteStream(streamOf(3));
  await test.double.obey({ do: 'drop-connections' });
  await test.links().appends.client.tombstoneStream(streamOf(4));
  expect(await watch.tells(5)).toEqual([
    [streamOf(1), 'max-age'],
    [streamOf(2), 'max-count'],
    [streamOf(2), 'truncated'],
    [streamOf(3), 'truncated'],
    [streamOf(4), 'deleted'],
  ]);
  await watch.stop();
  const later = new Watch(watch.alarms[2]?.position);
  expect(await later.tells(2)).toEqual([
    [streamOf(3), 'truncated'],
    [streamOf(4), 'deleted'],
  ]);
  await later.stop();
});

it('is not ended by metadata that set nothing', async () => {
  const { client } = test.links().appends;
  for (const text of ['null', '7', '"$maxCount"', '[]']) {
    await client.appendToStream(`$$${streamOf(1)}`, jsonEvent({ type: '$metadata', data: JSON.parse(text) }));
  }
  await client.setStreamMetadata(streamOf(1), { maxCount: 1 });
  const watch = new Watch();
  expect(await watch.tells(1)).toEqual([[streamOf(1), 'max-count']]);
  await watch.stop();
  expect(watch.faults).toEqual([]);
});

it('tells that it failed, and begins again behind what it had told', async () => {
  const { client } = test.links().appends;
  for (let i = 1; i <= 3; i++) await client.setStreamMetadata(streamOf(i), { maxCount: 1 });
  const deaf = new Error('nobody hears it');
  let failing = 2;
  const watch = new Watch(0, ({ stream }) => {
    if (stream === streamOf(2) && failing-- > 0) throw deaf;
  });
  expect(await watch.tells(3)).toEqual([1, 2, 3].map((i) => [streamOf(i), 'max-count']));
  await watch.stop();
  expect(watch.faults).toEqual([deaf, deaf]);
});

it.each([
  ['a stream cut off at its beginning', { truncateBefore: 1 }],
  ['a stream of which the last are kept', { maxCount: 1 }],
])('reads no %s as if it were whole', async (_what, metadata) => {
  const log = test.log();
  await fill(log, streamOf(1), 3);
  await test.links().appends.client.setStreamMetadata(streamOf(1), metadata);
  await expect(log.readStream(streamOf(1), 0, 10)).rejects.toThrow(EngineError);
  expect(await log.readStream(streamOf(1), 2, 10)).toHaveLength(1);
});

it.each([1, 2])('appends no %d events to a deleted stream as if it were new', async (count) => {
  const log = test.log();
  await fill(log, streamOf(1), 3);
  await test.links().appends.client.deleteStream(streamOf(1));
  const appended = fill(log, streamOf(1), count);
  await expect(appended).rejects.toThrow(EngineError);
  await expect(appended).rejects.toThrow('history of a stream was cut');
});
