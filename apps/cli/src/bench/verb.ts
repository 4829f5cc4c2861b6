import { cpus, loadavg, totalmem } from 'node:os';
import { messageOf } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { EXIT_NOT_ALL_WELL, EXIT_OK } from '../verb';
import type { Verb } from '../verb';
import { measureAsOf } from './as-of';
import { Bench } from './bench';
import { measureBulk } from './bulk';
import { CleanUp } from './clean-up';
import { DataSets } from './data-sets';
import { measureFit } from './fit';
import { measureHot } from './hot';
import { measureInsight } from './insight';
import { measureLive } from './live';
import { benchOptions, FIGURES } from './options';
import type { FigureName } from './options';
import { emptyProfiles, summarizeProfiles } from './profile';
import { measureRead } from './read';
import { measureRebuild } from './rebuild';
import { measureStart } from './restart';
import { measureSingle } from './single';
import { measureSustained } from './sustained';
import { measureVisible } from './visible';

const BYTES_A_GIB = 1_073_741_824;

const usage = `touchstone bench [--only <figure,…>] [--quick] [--data <directory>] [--keep] [--profile <figure>]

Starts ledgers of its own, loads them over HTTP, and prints one JSON line a figure: {figure, value, unit, target, ok,
…}; the machine stands in the first line, progress on stderr. The whole takes about fifteen minutes, and means something
only on a machine that does nothing else. docs/bench.md says what each figure is.

  --only <figure,…>   some of: ${FIGURES.slice(0, 8).join(', ')},
                      ${FIGURES.slice(8).join(', ')}
  --quick             small sizes, a minute or two in all: whether it works, not how fast it is
  --data <directory>  where the ledgers are made; else among the temporary directories
  --keep              leaves them there. With the same --data, full ledgers are then used again
  --profile <figure>  runs that figure's servers under Node's profiler, says where their time goes, and leaves the
                      profiles in a temporary directory, for a browser's developer tools

Exit code: 0 when every target was met, 1 when one was missed (with --quick only when something failed).
`;

const measures: Record<FigureName, (bench: Bench, sets: DataSets) => Promise<void>> = {
  single: measureSingle,
  hot: measureHot,
  'as-of': measureAsOf,
  visible: measureVisible,
  sustained: measureSustained,
  live: measureLive,
  bulk: measureBulk,
  read: measureRead,
  insight: measureInsight,
  fit: measureFit,
  start: measureStart,
  rebuild: measureRebuild,
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
    const { profile, profileDirectory } = options;
    if (profile !== undefined) emptyProfiles(profileDirectory);
    let failed = false;
    bench.line(machine());
    try {
      for (const name of FIGURES.filter((figure) => options.only.includes(figure))) {
        bench.begin(name);
        try {
          await measures[name](bench, sets);
        } catch (error) {
          // The other figures do not depend on it; who reads the lines must see that one is missing.
          failed = true;
          bench.line({ figure: name, value: null, ok: false, fault: messageOf(error) });
        }
      }
    } finally {
      cleanUp.run();
    }
    if (profile !== undefined) summarizeProfiles(profileDirectory, (text) => stderr.write(`${text}\n`));
    return failed || (bench.missed && !options.quick) ? EXIT_NOT_ALL_WELL : EXIT_OK;
  },
};

/** What the figures of a run were measured on. */
export function machine(): JsonObject {
  return {
    machine: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / BYTES_A_GIB),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
    at: new Date().toISOString(),
  };
}
