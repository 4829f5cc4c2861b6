import { callObject, textOf } from '../api';
import type { Bench, Running } from './bench';
import type { DataSets } from './data-sets';
import { crmKey, Seeded } from './generate';
import { requestBytes } from './http-line';
import { closedLoop, openLoop } from './load';
import type { Load } from './load';
import { READ_CONNECTIONS, READ_RATE } from './sizes';

/** Customers that are asked about, drawn from all of them. */
const ASKED = 2_000;
const LOOKED_UP_AT_ONCE = 8;
const MAX_P99_MS = 10;

const QUERIES = {
  'read-timeline-p99': (customerId: string) => `/v1/customers/${customerId}/timeline?limit=50`,
  'read-profile-p99': (customerId: string) => `/v1/customers/${customerId}`,
};

/** A page of a timeline, and a profile, of random customers of the large ledger. */
export async function measureRead(bench: Bench, sets: DataSets): Promise<void> {
  const running = await bench.start(await sets.large());
  try {
    const customers = await someCustomers(running, bench.sizes.customers);
    for (const [figure, path] of Object.entries(QUERIES)) {
      await measureQuery(bench, running, { figure, paths: customers.map(path), mostMs: MAX_P99_MS });
    }
  } finally {
    await running.close();
  }
}

export interface Query {
  readonly figure: string;
  /** One of them is drawn for each request. */
  readonly paths: readonly string[];
  /** The target, where there is one. */
  readonly mostMs?: number;
}

/** One query at a steady rate, from the last byte sent to the last received. */
export async function measureQuery(
  bench: Bench,
  running: Running,
  { figure, paths, mostMs }: Query,
): Promise<void> {
  const requests = paths.map((path) => requestBytes('GET', path, { key: running.key }));
  // Without a pause first: what is loaded when first needed is there, and the most that it can do is known.
  const most = await closedLoop(load(running, requests, Math.ceil(bench.sizes.readMs / 3)));
  const paced = { ...load(running, requests, bench.sizes.readMs), ratePerSecond: READ_RATE };
  const { ratePerSecond, durations } = await openLoop(paced);
  const summary = durations.summary();
  bench.emit({
    figure,
    value: summary.p99Ms,
    unit: 'ms',
    ...(mostMs === undefined ? {} : { target: { atMost: mostMs } }),
    details: {
      ...summary,
      ratePerSecond,
      mostPerSecond: most.ratePerSecond,
      connections: READ_CONNECTIONS,
      events: bench.sizes.largeEvents,
      customers: bench.sizes.customers,
    },
  });
}

function load(running: Running, requests: readonly Buffer[], durationMs: number): Load {
  const seeded = new Seeded(durationMs);
  const next = (): Buffer => requests[seeded.below(requests.length)] ?? Buffer.alloc(0);
  return { port: running.server.port, connections: READ_CONNECTIONS, durationMs, next };
}

/** Ids of customers who had touchpoints: nearly all, but chance may have left one out. */
export async function someCustomers(running: Running, customers: number): Promise<string[]> {
  const seeded = new Seeded(1);
  const ids: string[] = [];
  const lookUp = async (): Promise<void> => {
    const body = { identifier: { type: 'crm', value: crmKey(seeded.below(customers)) } };
    ids.push(textOf((await callObject(running, 'POST', '/v1/customers/lookup', body))['customerId']));
  };
  while (ids.length < Math.min(ASKED, customers)) {
    await Promise.all(Array.from({ length: LOOKED_UP_AT_ONCE }, lookUp));
  }
  return ids;
}
