import { cpus, loadavg, totalmem } from 'node:os';
import { EXIT_NOT_ALL_WELL, EXIT_OK, messageOf } from '../verb';
import type { Verb } from '../verb';
import { Bench } from './bench';
import { CleanUp } from './clean-up';
import { DataSets, measureBulk } from './data-sets';
import { benchOptions, FIGURES } from './options';
import type { FigureName } from './options';
import { measureSingle } from './single';

const usage = `touchstone bench [--only <figure,…>] [--quick] [--data <directory>] [--keep] [--profile <figure>]
`;

type Measure = (bench: Bench, sets: DataSets) => Promise<void>;

const measures: Partial<Record<FigureName, Measure>> = {
  single: measureSingle,
  bulk: measureBulk,
};

export const benchVerb: Verb = {
  name: 'bench',
  summary: 'measure, one JSON line a figure',
  usage,
  async run(args, { stdout, stderr }) {
    const options = benchOptions(args);
    const cleanUp = new CleanUp();
    const bench = new Bench(options, cleanUp, stdout, stderr);
    const sets = new DataSets(bench);
    bench.line(machine());
    try {
      for (const name of FIGURES.filter((figure) => options.only.includes(figure))) {
        bench.begin(name);
        await measures[name]?.(bench, sets);
      }
    } finally {
      cleanUp.run();
    }
    return bench.missed ? EXIT_NOT_ALL_WELL : EXIT_OK;
  },
};

function machine(): { [name: string]: string | number | number[] } {
  return {
    machine: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 1_073_741_824),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
    at: new Date().toISOString(),
  };
}
export { messageOf };
