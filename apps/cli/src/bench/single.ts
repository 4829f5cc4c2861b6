import { join } from 'node:path';
import { callObject, textOf } from '../api';
import type { Connection } from '../verb';
import type { Bench } from './bench';
import { ChildServer } from './child-server';
import { crmKey, singleBodies } from './generate';
import { requestBytes } from './http-line';
import { caughtUp } from './lag';
import { closedLoop } from './load';
import type { LoadResult } from './load';
import { SINGLE_CONNECTIONS, SINGLE_CUSTOMERS } from './sizes';
import { Durations, median, rounded } from './statistics';

/** From dist/apps/cli/src/bench to the repository. */
const NOOP_SERVER = join(__dirname, '../../../../../scripts/noop-server.mjs');
const REGISTERED_AT_ONCE = 32;

/** Single durable commands over HTTP, beside a server that does nothing with the same bytes, turn by turn. */
export async function measureSingle(bench: Bench): Promise<void> {
  const ledger = await bench.start(bench.emptyLedger('single'));
  const noop = await ChildServer.start({
    command: [NOOP_SERVER],
    env: {},
    readyPath: '/health/ready',
    cleanUp: bench.cleanUp,
  });
  try {
    const customers = await registerCustomers(ledger, SINGLE_CUSTOMERS);
    const requests = singleBodies(customers).map((body) =>
      requestBytes('POST', '/v1/touchpoints', { key: ledger.key, body }),
    );
    const bodyBytes = Math.round(median(singleBodies(customers).map((body) => body.length)));
    const { singleWarmUpMs: warmUpMs, singleRoundMs: roundMs, singleRounds } = bench.sizes;
    for (const { port } of [noop, ledger.server]) await run(port, warmUpMs, requests);
    const rounds: { noop: LoadResult; ledger: LoadResult }[] = [];
    const all = new Durations();
    for (let i = 0; i < singleRounds; i++) {
      // What the projector still has to do would be taken from the other server's turn.
      await caughtUp(ledger);
      const round = {
        noop: await run(noop.port, roundMs, requests),
        ledger: await run(ledger.server.port, roundMs, requests),
      };
      rounds.push(round);
      all.addAll(round.ledger.durations);
      bench.say(`  ${round.ledger.ratePerSecond}/s, no-op ${round.noop.ratePerSecond}/s`);
    }
    emit(bench, rounds, all, bodyBytes);
  } finally {
    await Promise.all([ledger.close(), noop.stop()]);
  }
}

function emit(
  bench: Bench,
  rounds: readonly { noop: LoadResult; ledger: LoadResult }[],
  all: Durations,
  bodyBytes: number,
): void {
  const rates = rounds.map(({ ledger }) => ledger.ratePerSecond);
  const ratios = rounds.map(({ ledger, noop }) => rounded(ledger.ratePerSecond / noop.ratePerSecond, 3));
  const durations = all.summary();
  bench.emit({
    figure: 'single-rate',
    value: median(rates),
    unit: 'commands/s',
    details: { connections: SINGLE_CONNECTIONS, customers: SINGLE_CUSTOMERS, bodyBytes, rounds: rates },
  });
  bench.emit({
    figure: 'single-p99',
    value: durations.p99Ms,
    unit: 'ms',
    target: { atMost: 25 },
    details: { ...durations },
  });
  bench.emit({
    figure: 'single-ratio',
    value: median(ratios),
    unit: 'of the no-op server',
    target: { atLeast: 0.4 },
    details: { noop: rounds.map(({ noop }) => noop.ratePerSecond), rounds: ratios },
  });
}

function run(port: number, durationMs: number, requests: readonly Buffer[]): Promise<LoadResult> {
  let sent = 0;
  const next = (): Buffer => requests[sent++ % requests.length] ?? Buffer.alloc(0);
  return closedLoop({ port, connections: SINGLE_CONNECTIONS, durationMs, next });
}

/** Customers with a key each, which begin at `firstKey`; to their ids. */
export async function registerCustomers(
  connection: Connection,
  count: number,
  firstKey = 0,
): Promise<string[]> {
  const ids: string[] = [];
  const one = async (customer: number): Promise<void> => {
    const body = { identifiers: [{ type: 'crm', value: crmKey(firstKey + customer) }] };
    ids[customer] = textOf((await callObject(connection, 'POST', '/v1/customers', body))['customerId']);
  };
  for (let from = 0; from < count; from += REGISTERED_AT_ONCE) {
    const many = Math.min(REGISTERED_AT_ONCE, count - from);
    await Promise.all(Array.from({ length: many }, (_, i) => one(from + i)));
  }
  return ids;
}
