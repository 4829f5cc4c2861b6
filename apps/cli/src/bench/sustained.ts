import type { Bench } from './bench';
import { loadFollowed } from './followed-load';
import { LineMaker } from './generate';
import { SUSTAINED_LAG_EVENTS } from './sizes';
import { perSecond } from './statistics';

/** The highest rate at which projections keep up with touchpoints. */
export async function measureSustained(bench: Bench): Promise<void> {
  const { customers, sustainedMs } = bench.sizes;
  const running = await bench.start(bench.emptyLedger('sustained'));
  try {
    const maker = new LineMaker({ customers, firstLine: 1, withSource: false });
    const { accepted, elapsedMs, mostLag } = await loadFollowed(running, {
      durationMs: sustainedMs,
      lines: (count) => maker.lines(count),
    });
    bench.emit({
      figure: 'sustained',
      value: perSecond(accepted, elapsedMs),
      unit: 'commands/s accepted and projected',
      target: { atLeast: 6_000 },
      details: { accepted, customers, bytes: 600 },
    });
    bench.emit({
      figure: 'sustained-lag',
      value: mostLag,
      unit: 'events behind, at most',
      target: { atMost: SUSTAINED_LAG_EVENTS },
    });
  } finally {
    await running.close();
  }
}
