import { EngineError } from '#libs/core';
import type { AppendRequest, AppendResult } from '#libs/core';
import { EmbeddedDirectory, eventually, opaqueRecord, streamOf } from '#libs/testing';
import { ClockGuard, guardedByClock } from './clock-guard';

const stream = streamOf(1);
const REQUEST: AppendRequest = { stream, expectedRevision: -1, records: [opaqueRecord(stream, 0)] };

/** A log that takes everything, behind a guard whose database says `skewMs`. */
async function append(skewMs: () => Promise<number>): Promise<AppendResult> {
  const directory = new EmbeddedDirectory();
  try {
    const { log } = await directory.open();
    return await guardedByClock(log, new ClockGuard(skewMs)).append(REQUEST);
  } finally {
    await directory.dispose();
  }
}

it.each([0, 4_999, -5_000])('appends with a clock that is %d ms off', async (skewMs) => {
  expect(await append(async () => skewMs)).toMatchObject({ outcome: 'appended' });
});

it.each([
  [5_001, /5\.0 s ahead of/],
  [-3_600_000, /3600\.0 s behind/],
])('refuses with a clock that is %d ms off', async (skewMs, words) => {
  const refused = append(async () => skewMs);
  await expect(refused).rejects.toThrow(EngineError);
  await expect(refused).rejects.toThrow(words);
});

it('refuses where the database’s clock can’t be read at first', async () => {
  await expect(append(() => Promise.reject(new EngineError('away')))).rejects.toThrow('away');
});

it('measures once for many', async () => {
  let measured = 0;
  const guard = new ClockGuard(async () => {
    measured++;
    return 0;
  });
  await Promise.all(Array.from({ length: 10 }, async () => guard.check()));
  await eventually('all have asked', () => measured === 1);
  await guard.check();
  expect(measured).toBe(1);
});
