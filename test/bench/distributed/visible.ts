import { singleBodies } from '../../../apps/cli/src/bench/generate';
import { jsonOf, requestBytes } from '../../../apps/cli/src/bench/http-line';
import { caughtUp } from '../../../apps/cli/src/bench/lag';
import { openLoop } from '../../../apps/cli/src/bench/load';
import { registerCustomers } from '../../../apps/cli/src/bench/single';
import { Probes, withoutOccurredAt } from '../../../apps/cli/src/bench/visible';
import type { Connection } from '../../../apps/cli/src/verb';
import type { Figures } from './figures';
import { CpuWatch } from './processes';

type Listening = Connection & { readonly port: number };

export interface VisibleOptions {
  readonly commands: Listening;
  readonly queries: Listening;
  readonly durationMs: number;
}

const RATE = Number(process.env['BENCH_RATE'] ?? 500);
const CUSTOMERS = 500;
/** Behind all that the log was filled with. */
const FIRST_KEY = 5_000_000;
const CONNECTIONS = 64;
const PROBES = 64;
/** Those who wait are a load of their own; a look at every command would double what is looked at. */
const PROBED_EVERY = Number(process.env['BENCH_PROBED_EVERY'] ?? 10);
const WARM_UP_MS = 5_000;
/** Share of the rate that has to be held; the last answers always come a moment after the last second. */
const HELD = 0.98;

/** From sending a command to the answer of a timeline that shows it, while a steady stream of commands goes on. */
export async function measureVisible(figures: Figures, options: VisibleOptions): Promise<void> {
  const { commands, queries, durationMs } = options;
  const customers = await registerCustomers(commands, CUSTOMERS, FIRST_KEY);
  const requests = singleBodies(customers).map((body) =>
    requestBytes('POST', '/v1/touchpoints', { key: commands.key, body: withoutOccurredAt(body) }),
  );
  await underLoad(options, requests, WARM_UP_MS);
  await caughtUp(queries);
  const cpu = new CpuWatch();
  const { load, probes } = await underLoad(options, requests, durationMs);
  const busyCores = cpu.stop();
  const summary = probes.durations.summary();
  figures.emit({
    figure: 'visible-p99',
    value: summary.p99Ms,
    unit: 'ms',
    target: { atMost: 500 },
    details: {
      ...summary,
      accepted: { ...load.durations.summary() },
      probedEvery: PROBED_EVERY,
      notLookedAt: probes.skipped,
      busyCores,
    },
  });
  // The figure above is one at this rate only.
  figures.emit({
    figure: 'visible-rate',
    value: load.ratePerSecond,
    unit: 'commands/s',
    target: { atLeast: RATE * HELD },
  });
}

async function underLoad(
  { commands, queries }: VisibleOptions,
  requests: readonly Buffer[],
  durationMs: number,
): Promise<{ readonly load: Awaited<ReturnType<typeof openLoop>>; readonly probes: Probes }> {
  const probes = new Probes({ port: queries.port, key: queries.key, count: PROBES });
  let sent = 0;
  let answered = 0;
  try {
    await probes.open();
    const load = await openLoop({
      port: commands.port,
      connections: CONNECTIONS,
      durationMs,
      ratePerSecond: RATE,
      next: () => requests[sent++ % requests.length] ?? Buffer.alloc(0),
      onAnswer: (answer, _request, tookMs) => {
        if (answered++ % PROBED_EVERY === 0) probes.look(jsonOf(answer), tookMs);
      },
    });
    await probes.settled();
    return { load, probes };
  } finally {
    probes.close();
  }
}
