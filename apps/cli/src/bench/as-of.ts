import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { callObject, textOf } from '../api';
import { CliError } from '../verb';
import type { Bench, Running } from './bench';
import { postLines } from './bulk-stream';
import { requestBytes } from './http-line';
import { caughtUp } from './lag';
import { historyLines, inTurns } from './long-history';
import { MemoryWatch } from './memory';
import { registerCustomers } from './single';
import { AS_OF_CUSTOMERS, AS_OF_EVENTS } from './sizes';
import { Durations, median, rounded } from './statistics';
import { timed, withLine } from './timed-line';

const MAX_P99_MS = 20;
const MAX_SECONDS = 15;
/** Folding is compiled, and the log's index read, before anything is measured. */
const WARM_UP = 20;

interface Customers {
  readonly short: readonly string[];
  readonly long: string;
}

/** The state of customers as of an instant: of many with a short history, and of one with a very long one. */
export async function measureAsOf(bench: Bench): Promise<void> {
  const ledger = bench.emptyLedger('as-of');
  const first = await bench.start(ledger);
  let customers: Customers;
  try {
    customers = await fill(bench, first);
  } finally {
    await first.close();
  }
  // Started anew: what a server keeps after taking in so much is not to pass for its rest.
  const running = await bench.start(ledger);
  try {
    await emitShort(bench, running, customers.short);
    await emitLong(bench, running, customers.long);
  } finally {
    await running.close();
  }
}

async function fill(bench: Bench, running: Running): Promise<Customers> {
  const [long = '', ...short] = await registerCustomers(running, AS_OF_CUSTOMERS + 1);
  const histories = short.map((customerId, i) =>
    historyLines({ customerId, customer: i + 1, events: AS_OF_EVENTS }),
  );
  await postLines(running, inTurns(histories));
  const events = bench.sizes.hotEvents;
  await postLines(running, historyLines({ customerId: long, customer: 0, events }));
  bench.say(`  ${events} events for one customer`);
  await caughtUp(running);
  return { short, long };
}

async function emitShort(bench: Bench, running: Running, customers: readonly string[]): Promise<void> {
  const middle = Math.floor(AS_OF_EVENTS / 2);
  const requests: Buffer[] = [];
  for (const id of customers) requests.push(await stateRequest(running, id, middle));
  const took = new Durations();
  const known: number[] = [];
  await withLine(running, async (line) => {
    for (let i = -WARM_UP; i < bench.sizes.asOfRequests; i++) {
      const request = requests[(i + WARM_UP) % requests.length] ?? Buffer.alloc(0);
      const { tookMs, body } = await timed(line, request);
      if (i < 0) continue;
      took.add(tookMs);
      known.push(eventsKnown(body, middle));
    }
  });
  const summary = took.summary();
  bench.emit({
    figure: 'as-of-p99',
    value: summary.p99Ms,
    unit: 'ms',
    target: { atMost: MAX_P99_MS },
    details: { ...summary, events: AS_OF_EVENTS, knownThen: median(known), customers: customers.length },
  });
}

/** At the middle instant, and after the last event: what the second takes more than the first is what grows. */
async function emitLong(bench: Bench, running: Running, customerId: string): Promise<void> {
  const events = bench.sizes.hotEvents;
  const middle = await askedOnce(running, customerId, Math.floor(events / 2));
  const end = await askedOnce(running, customerId, events - 1);
  for (const [figure, { seconds, details }] of [
    ['as-of-large', middle],
    ['as-of-large-end', end],
  ] as const) {
    bench.emit({
      figure,
      value: seconds,
      unit: 's',
      target: { atMost: MAX_SECONDS },
      details: { events, ...details },
    });
  }
}

async function askedOnce(
  running: Running,
  customerId: string,
  revision: number,
): Promise<{ readonly seconds: number; readonly details: JsonObject }> {
  const request = await stateRequest(running, customerId, revision);
  const memory = new MemoryWatch(running.server);
  let seconds = Number.NaN;
  let knownThen = 0;
  try {
    await withLine(running, async (line) => {
      const { tookMs, body } = await timed(line, request);
      seconds = rounded(tookMs / 1000, 2);
      knownThen = eventsKnown(body, revision);
    });
  } finally {
    memory.stop();
  }
  const { overIdleMiB, idleMiB, mostMiB } = memory.stop();
  return { seconds, details: { knownThen, overIdleMiB, idleMiB, mostMiB } };
}

/** As of the instant at which a revision was recorded. */
async function stateRequest(running: Running, customerId: string, revision: number): Promise<Buffer> {
  const path = `/v1/customers/${customerId}`;
  const { items } = await callObject(running, 'GET', `${path}/history?after=${revision - 1}&limit=1`);
  const [item]: readonly unknown[] = Array.isArray(items) ? items : [];
  if (!isJsonObject(item)) throw new CliError('a history lacks an event that was accepted');
  return requestBytes('GET', `${path}/state?at=${textOf(item['recordedAt'])}`, { key: running.key });
}

/** How many events the answer is of: what was recorded at the very same instant counts too. */
function eventsKnown(body: unknown, asked: number): number {
  const revision = isJsonObject(body) ? Number(body['revision']) : Number.NaN;
  if (!(revision >= asked)) throw new CliError('a state as of an instant leaves out what was known then');
  return revision + 1;
}
