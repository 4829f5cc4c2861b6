import type { JsonObject } from '#libs/core';
import { isJsonObject } from '#libs/core';
import { CliError } from '../verb';
import type { Bench, Running } from './bench';
import type { DataSets } from './data-sets';
import { MemoryWatch } from './memory';
import { followRebuild } from './rebuild-task';
import type { RebuildTimes } from './rebuild-task';
import { median, perSecond, rounded } from './statistics';

interface Rebuilt extends Omit<RebuildTimes, 'parity'> {
  readonly overIdleMiB: number | null;
}

/** Every projection built anew, of the small and of the large ledger in turns, so that their costs compare. */
export async function measureRebuild(bench: Bench, sets: DataSets): Promise<void> {
  const ledgers = { small: await sets.small(), large: await sets.large() };
  const small: Rebuilt[] = [];
  const large: Rebuilt[] = [];
  const one = async (name: 'small' | 'large', into: Rebuilt[]): Promise<void> => {
    const running = await bench.start(ledgers[name]);
    try {
      const result = await rebuild(running);
      bench.say(`  ${name}: ${perSecond(result.events, result.buildMs)} events/s`);
      into.push(result);
    } finally {
      await running.close();
    }
  };
  await one('small', small);
  for (let i = 0; i < bench.sizes.rebuildRounds; i++) {
    await one('large', large);
    await one('small', small);
  }
  const cost = (results: readonly Rebuilt[]): number =>
    median(results.map(({ events, buildMs }) => buildMs / events));
  for (const [name, results] of Object.entries({ small, large })) {
    bench.emit({
      figure: `rebuild-${name}`,
      value: Math.round(1000 / cost(results)),
      unit: 'events/s',
      target: { atLeast: 15_000 },
      details: { projections: 'all', customers: bench.sizes.customers, rounds: results.map(shown) },
    });
  }
  bench.emit({
    figure: 'rebuild-growth',
    value: rounded(cost(large) / cost(small), 2),
    unit: 'cost of an event, large of small',
    target: { atMost: 1.3 },
    details: { large: bench.sizes.largeEvents, small: bench.sizes.smallEvents },
  });
}

function shown({ events, buildMs, wholeMs, overIdleMiB }: Rebuilt): JsonObject {
  return { events, buildMs: Math.round(buildMs), wholeMs: Math.round(wholeMs), overIdleMiB };
}

async function rebuild(running: Running): Promise<Rebuilt> {
  const memory = new MemoryWatch(running.server);
  try {
    const { parity, ...times } = await followRebuild(running, '/v1/projections/all/rebuild');
    if (!isJsonObject(parity) || parity['differing'] !== 0) {
      throw new CliError('a rebuild came to other documents');
    }
    return { ...times, overIdleMiB: memory.stop().overIdleMiB };
  } finally {
    memory.stop();
  }
}
