import type { JsonObject } from '#libs/core';
import type { Bench } from './bench';
import type { DataSets } from './data-sets';
import { perSecond } from './statistics';

/** Bulk at full speed, measured while the large ledger is filled. */
export async function measureBulk(bench: Bench, sets: DataSets): Promise<void> {
  const { customers, smallEvents, largeEvents } = bench.sizes;
  const { report } = await sets.large();
  if (report === undefined) {
    bench.say('  the ledger was kept from an earlier run, so there is nothing to measure');
    return;
  }
  const size: JsonObject = { events: largeEvents, customers, bytes: 600 };
  const { ratePerSecond, elapsedMs, memory, lagAtEnd, catchUpMs } = report;
  const seconds = Math.round(elapsedMs / 1000);
  bench.emit({
    figure: 'bulk',
    value: ratePerSecond,
    unit: 'commands/s',
    target: { atLeast: 15_000 },
    details: { ...size, seconds },
  });
  bench.emit({
    figure: 'bulk-memory',
    value: memory.overIdleMiB,
    unit: 'MiB over idle',
    target: { atMost: 300 },
    details: { idleMiB: memory.idleMiB, mostMiB: memory.mostMiB },
  });
  bench.emit({
    figure: 'bulk-catch-up',
    value: Math.round(catchUpMs / 100) / 10,
    unit: 's',
    details: { lagAtEnd, eventsPerSecond: perSecond(lagAtEnd, catchUpMs) },
  });
  const withSource = (await sets.small()).report;
  if (withSource === undefined) return;
  bench.emit({
    figure: 'bulk-with-source',
    value: withSource.ratePerSecond,
    unit: 'commands/s',
    details: { events: smallEvents, customers, bytes: 600, each: 'idempotent by its source' },
  });
}
