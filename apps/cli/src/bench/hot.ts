import type { Bench, Ledger, Running } from './bench';
import { postBulk } from './bulk-stream';
import { singleBodies } from './generate';
import { requestBytes } from './http-line';
import type { HttpLine } from './http-line';
import { caughtUp } from './lag';
import { registerCustomers } from './single';
import { COLD_EVENTS } from './sizes';
import { Durations, median, rounded } from './statistics';
import { timed, withLine } from './timed-line';

/** Different texts for the lines of one customer. */
const TEXTS = 256;
const LINES_A_BLOCK = 100;
const MAX_RATIO = 1.5;

interface Pair {
  readonly hot: Buffer;
  readonly cold: Buffer;
}

/** Whether a command costs more the longer its customer's history is: while running, and as the first after a start. */
export async function measureHot(bench: Bench): Promise<void> {
  const { hotEvents, hotCommands } = bench.sizes;
  const ledger = bench.emptyLedger('hot');
  const first = await bench.start(ledger);
  let pair: Pair;
  let other: Buffer;
  try {
    const [hot = '', cold = '', third = ''] = await registerCustomers(first, 3);
    await fill(first, hot, hotEvents);
    await fill(first, cold, COLD_EVENTS);
    bench.say(`  ${hotEvents} events for one customer`);
    await caughtUp(first);
    pair = { hot: commandTo(hot, ledger.key), cold: commandTo(cold, ledger.key) };
    other = commandTo(third, ledger.key);
    await emitRunning(bench, first, pair, hotCommands);
  } finally {
    await first.close();
  }
  await emitRestarted(bench, ledger, pair, other);
}

async function emitRunning(bench: Bench, running: Running, pair: Pair, commands: number): Promise<void> {
  const took = { hot: new Durations(), cold: new Durations() };
  await withLine(running, async (line) => {
    await ask(line, pair.hot);
    await ask(line, pair.cold);
    for (let i = 0; i < commands; i++) {
      took.hot.add(await ask(line, pair.hot));
      took.cold.add(await ask(line, pair.cold));
    }
  });
  const [hot, cold] = [took.hot.summary(), took.cold.summary()];
  bench.emit({
    figure: 'hot-customer',
    value: rounded(hot.p50Ms / cold.p50Ms, 2),
    unit: `of a customer with ${COLD_EVENTS} events`,
    target: { atMost: MAX_RATIO },
    details: { events: bench.sizes.hotEvents, hot, cold },
  });
}

async function emitRestarted(bench: Bench, ledger: Ledger, pair: Pair, other: Buffer): Promise<void> {
  const took: { hot: number[]; cold: number[] } = { hot: [], cold: [] };
  for (let restart = 0; restart < bench.sizes.hotRestarts; restart++) {
    const running = await bench.start(ledger);
    try {
      await withLine(running, async (line) => {
        // The first command of all pays for what is loaded when first needed, whosever it is.
        await ask(line, other);
        // In turns, so that neither profits each time from what the other has warmed up.
        for (const which of restart % 2 === 0 ? (['hot', 'cold'] as const) : (['cold', 'hot'] as const)) {
          took[which].push(rounded(await ask(line, pair[which]), 2));
        }
      });
    } finally {
      await running.close();
    }
  }
  bench.emit({
    figure: 'hot-customer-after-restart',
    value: rounded(median(took.hot) / median(took.cold), 2),
    unit: `of a customer with ${COLD_EVENTS} events`,
    target: { atMost: MAX_RATIO },
    details: { events: bench.sizes.hotEvents, hotMs: took.hot, coldMs: took.cold },
  });
}

async function ask(line: HttpLine, request: Buffer): Promise<number> {
  return (await timed(line, request)).tookMs;
}

function commandTo(customerId: string, key: string): Buffer {
  const [body = ''] = singleBodies([customerId], 1);
  return requestBytes('POST', '/v1/touchpoints', { key, body });
}

async function fill(running: Running, customerId: string, events: number): Promise<void> {
  const lines = singleBodies([customerId], TEXTS).map((body) => `{"command":"touchpoint",${body.slice(1)}\n`);
  let made = 0;
  await postBulk(running, events, () => {
    if (made >= events) return undefined;
    const count = Math.min(LINES_A_BLOCK, events - made);
    const from = made % TEXTS;
    made += count;
    return Array.from({ length: count }, (_, i) => lines[(from + i) % TEXTS]).join('');
  });
}
