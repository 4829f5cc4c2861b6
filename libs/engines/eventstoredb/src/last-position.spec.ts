import { fill, streamOf } from '#libs/testing';
import { DoubleUnderTest } from './double-under-test.fixture';
import { InMemoryLogIndex } from './in-memory-log-index.fixture';

jest.setTimeout(30_000);

let test: DoubleUnderTest;
beforeEach(async () => (test = await DoubleUnderTest.start()));
afterEach(() => test.stop());

async function statistics(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await test.double.obey({ do: 'write-statistics' });
}

it('is found behind many events of the server’s, and when it was asked for before', async () => {
  const log = test.log();
  await statistics(70);
  expect(await log.lastPosition()).toBe(0);
  await fill(log, streamOf(1), 2);
  const last = (await log.readStream(streamOf(1), 1, 1))[0]?.position;
  await statistics(70);
  expect(await log.lastPosition()).toBe(last);
  expect(await log.lastPosition()).toBe(last);
  await statistics(70);
  expect(await log.lastPosition()).toBe(last);
  expect(await test.log().lastPosition()).toBe(last);
  await fill(log, streamOf(2), 1);
  expect(await log.lastPosition()).toBe((await log.head(streamOf(2)))?.position);
});

it('is not the remembered one where the server holds another log now', async () => {
  const log = test.log();
  await fill(log, streamOf(1), 20);
  expect(await log.lastPosition()).toBeGreaterThan(0);
  await test.double.obey({ do: 'reset' });
  expect(await log.lastPosition()).toBe(0);
  await fill(test.log({}, new InMemoryLogIndex()), streamOf(2), 1);
  expect(await log.lastPosition()).toBe((await log.head(streamOf(2)))?.position);
});

it('is where the ledger is read past events of the server’s', async () => {
  const log = test.log();
  for (let i = 0; i < 4; i++) {
    await statistics(40);
    await fill(log, streamOf(i), 2);
  }
  const all = await log.readAll(0, 100);
  expect(all.map(({ rev }) => rev)).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  expect((await log.readAll(all[2]?.position ?? 0, 3)).map(({ id }) => id)).toEqual(
    all.slice(3, 6).map(({ id }) => id),
  );
});
