import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Client, Loose } from '../e2e/client';
import { ROOT } from '../e2e/server';
import type { Server } from '../e2e/server';
import { keyHeaders } from './oracle';
import type { Oracle } from './oracle';

const PAGE = 500;

/** What one look at a recovered ledger found; every list should be empty and every count 0. */
export interface Findings {
  ackedTotal: number;
  ackedLost: number;
  /** Sources that stand in the ledger more than once. */
  dup: number;
  /** Revisions that are missing or out of order. */
  gaps: number;
  /** Acknowledged receipts that the history or a retry tells otherwise. */
  changed: number;
  /** Sources in the ledger that nobody sent. */
  unknown: number;
}

interface Seen {
  readonly eventId: string;
  readonly revision: number;
  readonly position: number;
  readonly leafHash: string;
  readonly recordedAt: string;
  readonly content: unknown;
}

/** I1, I2 and I3 of reference/trust.md §5.2, from the histories of all customers that the client knows. */
export async function compare(api: Client, oracle: Oracle): Promise<Findings> {
  const found: Findings = {
    ackedTotal: oracle.acked.size,
    ackedLost: 0,
    dup: 0,
    gaps: 0,
    changed: 0,
    unknown: 0,
  };
  const seen = new Map<string, Seen>();
  const identifiers = new Map<string, Loose>();
  for (const { customer } of oracle.intents.values()) {
    identifiers.set(JSON.stringify(customer), customer.identifiers[0]);
  }
  for (const identifier of identifiers.values()) {
    const profile = await api.post('/v1/customers/lookup', { identifier });
    if (profile.status === 404) continue;
    const path = `/v1/customers/${profile.body.customerId}/history?limit=${PAGE}`;
    const events = await api.all(path);
    for (const [i, event] of events.entries()) {
      if (event.revision !== i) found.gaps++;
      const { sourceId, content } = event.data;
      const id = sourceId ?? content;
      if (id === undefined) continue;
      if (seen.has(id)) found.dup++;
      if (!oracle.intents.has(id)) found.unknown++;
      seen.set(id, { ...event, content });
    }
  }
  for (const [id, { receipt }] of oracle.acked) {
    const event = seen.get(id);
    if (event === undefined) found.ackedLost++;
    else if (event.content !== oracle.intents.get(id)?.content) found.changed++;
    else if (receipt !== undefined && !same(receipt, event)) found.changed++;
  }
  return found;
}

function same(receipt: Loose, event: Seen): boolean {
  return (['eventId', 'revision', 'position', 'leafHash', 'recordedAt'] as const).every(
    (name) => receipt[name] === event[name],
  );
}

/** I7: everything that was acknowledged singly, sent again, gets the very first answer. Returns how many did not. */
export async function retryAll(api: Client, oracle: Oracle): Promise<number> {
  let different = 0;
  for (const [id, { text }] of oracle.acked) {
    if (text === undefined) continue;
    const body = oracle.intents.get(id);
    const again = await api.post('/v1/touchpoints', body, keyHeaders(body));
    const replayed = again.headers.get('idempotent-replayed') === 'true';
    if (again.status !== 201 || again.text !== text || !replayed) different++;
  }
  return different;
}

/** I4 and I6: the auditors' tool and the server's own verifications. */
export async function verifyEverything(server: Server): Promise<void> {
  const api = server.client();
  expect(await api.verified('ledger')).toMatchObject({ state: 'done', ok: true });
  expect(await api.verified('readmodels')).toMatchObject({ state: 'done', ok: true });
  audit(server.directory);
}

/** `scripts/audit.py` shares no code with the product; throws with what it says where a chain does not hold. */
export function audit(directory: string): void {
  execFileSync('python3', [join(ROOT, 'scripts/audit.py'), 'ledger', directory], { stdio: 'pipe' });
}
