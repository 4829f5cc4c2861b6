import type { Bench } from './bench';
import type { DataSets } from './data-sets';
import { activateModel, fitModel } from './model';
import { median, rounded } from './statistics';

const MAX_SECONDS = 2;

/** A model fitted to all customers of the large ledger, and their segments built by it. */
export async function measureFit(bench: Bench, sets: DataSets): Promise<void> {
  const running = await bench.start(await sets.large());
  try {
    let fitted = await fitModel(running);
    const took = [seconds(fitted.tookMs)];
    while (took.length < bench.sizes.fits) {
      fitted = await fitModel(running);
      took.push(seconds(fitted.tookMs));
    }
    const { customers, largeEvents } = bench.sizes;
    bench.emit({
      figure: 'fit',
      // Nobody fits five times in a row: a median would tell of a server that is warmer than people's.
      value: Math.max(...took),
      unit: 's, the slowest',
      target: { atMost: MAX_SECONDS },
      details: { population: fitted.population, customers, medianS: median(took), eachS: took },
    });
    const { events, buildMs, wholeMs } = await activateModel(running, fitted.modelId);
    bench.emit({
      figure: 'activate',
      value: seconds(wholeMs),
      unit: 's',
      details: { buildS: seconds(buildMs), eventsFolded: events, touchpoints: largeEvents, customers },
    });
  } finally {
    await running.close();
  }
}

function seconds(ms: number): number {
  return rounded(ms / 1000, 2);
}
