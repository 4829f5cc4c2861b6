import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DistributedServer } from '../../e2e/distributed-server';
import type { Client, Loose } from '../../e2e/client';
import { ROOT } from '../../e2e/server';
import type { Oracle } from '../oracle';
import type { WonLink } from './races';

const PAGE = 500;
const TOUCHPOINT = 'touchpoint-recorded.v1';

/** What the read models and the whole ledger say beside the histories of customers. */
export interface Effects {
  customers: number;
  /** Events in all histories. */
  events: number;
  /** Touchpoints of a history that its timeline lacks. */
  missing: number;
  /** Entries of a timeline that stand there twice, or that no event of the history has made. */
  doubleEffects: number;
  /** Customers whose profile counts other touchpoints than the history has. */
  miscounted: number;
  /** Streams that were begun twice, or that no customer whom the client knows has. */
  strayStreams: number;
  /** Identifiers that somebody else holds than the client was told. */
  wrongHolders: number;
}

/**
 * Reads every customer's history, as the record has it, timeline and profile; holds them against each other. Writes the
 * records to a file, for the auditors' tool.
 */
export async function readEffects(
  server: DistributedServer,
  oracle: Oracle,
  links: readonly WonLink[],
): Promise<Effects & { readonly records: string }> {
  const api = server.client();
  const records = join(server.home, 'records.ndjson');
  writeFileSync(records, '');
  const found: Effects = {
    customers: 0,
    events: 0,
    missing: 0,
    doubleEffects: 0,
    miscounted: 0,
    strayStreams: 0,
    wrongHolders: 0,
  };
  const seen = new Set<string>();
  for (const identifier of identifiersOf(oracle)) {
    const profile = await api.post('/v1/customers/lookup', { identifier });
    if (profile.status !== 200) throw new Error(`lookup: ${profile.status} ${profile.text}`);
    // Two identifiers of the client's are two customers.
    if (seen.has(profile.body.customerId)) found.strayStreams++;
    seen.add(profile.body.customerId);
    await readCustomer(api, profile.body, records, found);
  }
  for (const { identifier, holder } of links) {
    const profile = await api.post('/v1/customers/lookup', { identifier });
    if (profile.body?.customerId !== holder) found.wrongHolders++;
  }
  return { ...found, records };
}

function identifiersOf(oracle: Oracle): Iterable<Loose> {
  const identifiers = new Map<string, Loose>();
  for (const { customer } of oracle.intents.values()) {
    identifiers.set(JSON.stringify(customer), customer.identifiers[0]);
  }
  return identifiers.values();
}

async function readCustomer(api: Client, profile: Loose, records: string, found: Effects): Promise<void> {
  const path = `/v1/customers/${profile.customerId}`;
  const history = await api.all(`${path}/history?form=record&limit=${PAGE}`);
  appendFileSync(records, history.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const types = history.map(({ env }) => env.type);
  const due = new Set(history.filter(({ env }) => env.type === TOUCHPOINT).map(({ env }) => env.id));
  const entries = (await api.all(`${path}/timeline?limit=${PAGE}`)).map(({ eventId }) => eventId);
  const shown = new Set(entries);
  found.customers++;
  found.events += history.length;
  found.strayStreams += types.filter((type) => type === 'customer-registered.v1').length - 1;
  found.missing += [...due].filter((id) => !shown.has(id)).length;
  found.doubleEffects += entries.length - shown.size + [...shown].filter((id) => !due.has(id)).length;
  const counted = Object.values<number>(profile.counts.byChannel).reduce((sum, count) => sum + count, 0);
  if (counted !== due.size) found.miscounted++;
}

/** The auditors' tool over all records as the API gave them; answers its one summary, and throws where it finds a fault. */
export function auditRecords(records: string): string {
  const script = join(ROOT, 'scripts/audit.py');
  return execFileSync('python3', [script, 'records', records], { stdio: 'pipe' }).toString().trim();
}
