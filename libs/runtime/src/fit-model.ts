import { pause } from '#libs/core';
import type { DocumentGroup, EventFeed, EventLog } from '#libs/core';
import { fitRfm, RFM_TABLE, rfmValuesOf } from '#libs/insight';
import type { RfmEntry, RfmModel, RfmValues } from '#libs/insight';
import { purchaseEntries } from '#libs/projections';
import { breathe } from './waiting';

export interface FitPorts {
  readonly log: EventLog;
  readonly feed: EventFeed;
  /** The group that serves the purchases now. */
  readonly purchases: () => Promise<DocumentGroup>;
}

const PAGE = 1_000;
const POLL_MS = 20;
/** How long a fit waits for the read model of purchases to reach what the log holds. */
const CATCH_UP_MS = 30_000;

/** The purchases' read model did not catch up in time: what was bought is not all known yet. */
export class NotCaughtUpError extends Error {
  override readonly name = 'NotCaughtUpError';
}

/**
 * Quintiles of everybody who had bought something before `asOf`, from all that the log held when it was asked. The
 * currency is the one of most purchases, the first in the alphabet of equals. `undefined` where nobody had bought.
 */
export async function fitModel(
  ports: FitPorts,
  modelId: string,
  asOf: string,
): Promise<RfmModel | undefined> {
  const through = await ports.log.lastPosition();
  const group = await caughtUp(ports);
  const byCustomer = await entriesByCustomer(group);
  const currency = usualCurrency(byCustomer.values(), asOf);
  if (currency === undefined) return undefined;
  const population: RfmValues[] = [];
  for (const entries of byCustomer.values()) {
    const values = rfmValuesOf(entries, { asOf, currency });
    if (values !== undefined) population.push(values);
  }
  const edges = fitRfm(population);
  if (edges === undefined) return undefined;
  return {
    modelId,
    kind: 'rfm',
    asOf,
    currency,
    edges,
    table: RFM_TABLE,
    through,
    population: population.length,
  };
}

async function caughtUp({ feed, purchases }: FitPorts): Promise<DocumentGroup> {
  const ends = await feed.ends();
  const deadlineMs = performance.now() + CATCH_UP_MS;
  for (;;) {
    const group = await purchases();
    const checkpoints = await group.checkpoints();
    const behind = [...ends].some(([partition, end]) => {
      const own = checkpoints.get(partition);
      return own?.topicId !== end.topicId ? end.offset > 0 : own.offset < end.offset;
    });
    if (!behind) return group;
    if (performance.now() > deadlineMs) throw new NotCaughtUpError('the purchases have not caught up');
    await pause(POLL_MS);
  }
}

async function entriesByCustomer(group: DocumentGroup): Promise<ReadonlyMap<string, RfmEntry[]>> {
  const byCustomer = new Map<string, RfmEntry[]>();
  for (let after: string | undefined; ;) {
    const page = await group.scan('purchases', after, PAGE);
    for (const [, document] of page) {
      const { _customer: customerId } = document;
      if (typeof customerId !== 'string') continue;
      const known = byCustomer.get(customerId);
      const entries = purchaseEntries(document);
      if (known === undefined) byCustomer.set(customerId, [...entries]);
      else known.push(...entries);
    }
    after = page[page.length - 1]?.[0];
    if (page.length < PAGE) return byCustomer;
    await breathe();
  }
}

function usualCurrency(customers: Iterable<readonly RfmEntry[]>, asOf: string): string | undefined {
  const counts = new Map<string, number>();
  for (const entries of customers) {
    for (const { kind, occurredAt, currency } of entries) {
      if (kind === 'p' && occurredAt < asOf) counts.set(currency, (counts.get(currency) ?? 0) + 1);
    }
  }
  const [first] = [...counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return first?.[0];
}
