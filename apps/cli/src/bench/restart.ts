import type { Bench } from './bench';
import type { DataSets } from './data-sets';
import { median } from './statistics';

/** From spawn to the first 200 of /health/ready with the large ledger, after a clean stop and after a kill. */
export async function measureStart(bench: Bench, sets: DataSets): Promise<void> {
  const ledger = await sets.large();
  const stopped: number[] = [];
  const killed: number[] = [];
  for (let i = 0; i < bench.sizes.starts; i++) {
    const first = await bench.start(ledger);
    stopped.push(Math.round(first.server.readyInMs));
    await first.server.kill();
    const second = await bench.start(ledger);
    killed.push(Math.round(second.server.readyInMs));
    await second.close();
  }
  const details = { events: bench.sizes.largeEvents };
  bench.emit({
    figure: 'start',
    value: median(stopped),
    unit: 'ms',
    target: { atMost: 3_000 },
    details: { ...details, eachMs: stopped, afterKillMs: killed },
  });
}
