import type { CustomerRow, IdentifierEntry, VaultContent, VaultResult } from '#libs/core';
import type { ClientSession, Collection } from 'mongodb';
import type { MongoConnection } from './connection';

export interface CustomerDocument {
  readonly _id: string;
  readonly version: number;
  readonly body: string;
}
export interface IdentifierDocument {
  readonly _id: string;
  readonly customerId: string;
  readonly linkedBy: string;
  readonly unlinkedBy?: string;
}

export interface VaultCollections {
  readonly customers: Collection<CustomerDocument>;
  readonly identifiers: Collection<IdentifierDocument>;
}

/** First letter of a cursor: what the page is of. */
const ROWS = 'r';
const ENTRIES = 'e';

/** Rows first, then entries, each in the order of their keys. */
export async function copyContent(
  connection: MongoConnection,
  { customers, identifiers }: VaultCollections,
  cursor: string | undefined,
  limit: number,
): Promise<VaultContent & { readonly next?: string }> {
  const after = { _id: { $gt: (cursor ?? '').slice(1) } };
  const options = { sort: { _id: 1 }, limit, batchSize: limit } as const;
  if (cursor?.startsWith(ENTRIES) !== true) {
    const stored = await connection.read('copy rows', (session) =>
      customers.find(after, { ...options, session }).toArray(),
    );
    const rows = stored.map(rowOf);
    const last = rows[rows.length - 1];
    const next = rows.length < limit || last === undefined ? ENTRIES : ROWS + last.customerId;
    return { rows, entries: [], next };
  }
  const found = await connection.read('copy identifiers', (session) =>
    identifiers.find(after, { ...options, session }).toArray(),
  );
  const entries = found.map(entryOf);
  const last = entries[entries.length - 1];
  const over = entries.length < limit || last === undefined;
  return { rows: [], entries, ...(over ? {} : { next: ENTRIES + last.index }) };
}

/** In a transaction: all is looked at before anything is written, so a refusal has nothing to take back. */
export async function restoreContent(
  { customers, identifiers }: VaultCollections,
  { rows, entries }: VaultContent,
  session: ClientSession,
): Promise<VaultResult> {
  const ids = rows.map(({ customerId }) => customerId);
  const foundRows = await customers.find({ _id: { $in: ids } }, { session }).toArray();
  const storedRows = new Map(foundRows.map(rowOf).map((row) => [row.customerId, row]));
  const indexes = entries.map(({ index }) => index);
  const foundEntries = await identifiers.find({ _id: { $in: indexes } }, { session }).toArray();
  const storedEntries = new Map(foundEntries.map(entryOf).map((entry) => [entry.index, entry]));
  for (const { customerId, version, body } of rows) {
    const stored = storedRows.get(customerId);
    if (stored !== undefined && (stored.version !== version || stored.body !== body))
      return { outcome: 'stale' };
  }
  for (const entry of entries) {
    const stored = storedEntries.get(entry.index);
    if (stored !== undefined && !sameEntry(stored, entry)) return { outcome: 'taken', entry: stored };
  }
  const newRows = rows
    .filter(({ customerId }) => !storedRows.has(customerId))
    .map(({ customerId: _id, version, body }) => ({ _id, version, body }));
  const newEntries = entries
    .filter(({ index }) => !storedEntries.has(index))
    .map(({ index: _id, ...entry }) => ({ _id, ...entry }));
  if (newRows.length > 0) await customers.insertMany(newRows, { session });
  if (newEntries.length > 0) await identifiers.insertMany(newEntries, { session });
  return { outcome: 'written' };
}

export function rowOf({ _id, version, body }: CustomerDocument): CustomerRow {
  return { customerId: _id, version, body };
}

export function entryOf({ _id, customerId, linkedBy, unlinkedBy }: IdentifierDocument): IdentifierEntry {
  const entry = { index: _id, customerId, linkedBy };
  return unlinkedBy === undefined ? entry : { ...entry, unlinkedBy };
}

function sameEntry(a: IdentifierEntry, b: IdentifierEntry): boolean {
  return a.customerId === b.customerId && a.linkedBy === b.linkedBy && a.unlinkedBy === b.unlinkedBy;
}
