import { streamBulk } from '../../../apps/cli/src/bench/bulk-stream';
import { CleanUp } from '../../../apps/cli/src/bench/clean-up';
import { perSecond } from '../../../apps/cli/src/bench/statistics';
import { machine } from '../../../apps/cli/src/bench/verb';
import { measureProjector, measureRebuild, measureRelay } from './fan-out';
import { Figures } from './figures';
import { CpuWatch } from './processes';
import { Roles } from './roles';
import { measureVisible } from './visible';

const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 100_000);
const EVENTS_A_CUSTOMER = 50;
const VISIBLE_MS = Number(process.env['BENCH_VISIBLE_MS'] ?? 30_000);

/** Roles are started one after the other over what is full already, so that each is measured without those before it. */
async function measure(roles: Roles, figures: Figures): Promise<void> {
  const commands = await roles.start('command-api');
  await fill(commands, figures);
  const published = await measureRelay(roles, figures);
  const queries = await roles.start('query-api');
  await measureProjector(roles, figures, { queries, published });
  await measureRebuild(roles, figures, queries);
  await measureVisible(figures, { commands, queries, durationMs: VISIBLE_MS });
  roles.check();
}

async function fill(target: Parameters<typeof streamBulk>[0]['target'], figures: Figures): Promise<void> {
  const customers = Math.max(1, Math.round(EVENTS / EVENTS_A_CUSTOMER));
  figures.say(`filling the log with ${EVENTS} touchpoints of ${customers} customers`);
  const cpu = new CpuWatch();
  const { elapsedMs } = await streamBulk({
    target,
    count: EVENTS,
    customers,
    firstLine: 1,
    withSource: false,
  });
  const value = perSecond(EVENTS, elapsedMs);
  figures.emit({ figure: 'bulk', value, unit: 'commands/s', details: { customers, busyCores: cpu.stop() } });
}

async function main(): Promise<void> {
  // Ends this process in order when it is told to stop; what it has started goes with it.
  const cleanUp = new CleanUp();
  const figures = new Figures();
  figures.line(machine());
  const roles = await Roles.open();
  try {
    figures.line({ eventStoreDb: process.env['TEST_SHARED_LEDGER'] === undefined ? 'double' : 'server' });
    await measure(roles, figures);
  } finally {
    await roles.close();
    cleanUp.run();
  }
  if (figures.missed) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
