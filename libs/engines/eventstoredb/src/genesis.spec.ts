import type { Genesis, GenesisMemory } from '#libs/core';
import { appendTo, fill, streamOf } from '#libs/testing';
import { DoubleUnderTest } from './double-under-test.fixture';
import { isSameLedger } from './genesis';

// Servers that are away, and machines that are busy.
jest.setTimeout(30_000);

let test: DoubleUnderTest;
beforeEach(async () => (test = await DoubleUnderTest.start()));
afterEach(() => test.stop());

class Memory implements GenesisMemory {
  kept: Genesis | undefined;

  async load(): Promise<Genesis | undefined> {
    return this.kept;
  }

  async keep(genesis: Genesis): Promise<void> {
    this.kept ??= genesis;
  }
}

it('knows the ledger again by its first event', async () => {
  const [log, memory] = [test.log(), new Memory()];
  expect(await isSameLedger(log, memory)).toBe(true);
  expect(memory.kept).toBeUndefined();
  const [first] = await fill(log, streamOf(1), 2);
  expect(await isSameLedger(log, memory)).toBe(true);
  const position = (await log.readStream(streamOf(1), 0, 1))[0]?.position;
  expect(memory.kept).toEqual({ id: first?.id, position });
  await fill(log, streamOf(2), 2);
  expect(await isSameLedger(test.log(), memory)).toBe(true);
});

it('takes no log for the ledger that is empty, begins otherwise, or elsewhere', async () => {
  const [log, memory] = [test.log(), new Memory()];
  const [first] = await fill(log, streamOf(1), 1);
  expect(await isSameLedger(log, memory)).toBe(true);
  await test.double.obey({ do: 'reset' });
  expect(await isSameLedger(log, memory)).toBe(false);
  await fill(log, streamOf(1), 1);
  expect(await isSameLedger(log, memory)).toBe(false);
  await test.double.obey({ do: 'reset' });
  await test.double.obey({ do: 'write-statistics' });
  await appendTo(log, streamOf(1), -1, { id: first?.id ?? '' });
  expect(await isSameLedger(log, memory)).toBe(false);
  expect(memory.kept?.id).toBe(first?.id);
});
