import type { ApiKeyRow, IdentifierEntry, VaultContent, VaultResult, VaultWrite } from '#libs/core';
import { integer, Sqlite, text } from '../sqlite';
import type { Row, Statement } from '../sqlite';
import { VAULT_FORMAT } from './schema';

const WRITTEN: VaultResult = { outcome: 'written' };

/** Thrown inside a change to take it back; the others of its transaction stay. */
class Refusal extends Error {
  constructor(readonly result: VaultResult) {
    super();
  }
}

/** The one writer of `vault.db`. Synchronous: it runs on the storage thread, or in-process in tests. */
export class VaultWriter {
  readonly #db: Sqlite;
  readonly #insertRow: Statement;
  readonly #updateRow: Statement;
  readonly #row: Statement;
  readonly #entry: Statement;
  readonly #putEntry: Statement;
  readonly #deleteEntry: Statement;

  constructor(path: string) {
    this.#db = new Sqlite(path, { format: VAULT_FORMAT, synchronous: 'FULL' });
    this.#insertRow = this.#db.prepare('INSERT INTO customers VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
    this.#updateRow = this.#db.prepare(
      'UPDATE customers SET version = ?, body = ? WHERE customer_id = ? AND version = ?',
    );
    this.#row = this.#db.prepare('SELECT version, body FROM customers WHERE customer_id = ?');
    this.#entry = this.#db.prepare(
      'SELECT idx, customer_id, linked_by, unlinked_by FROM identifiers WHERE idx = ?',
    );
    this.#putEntry = this.#db.prepare('INSERT OR REPLACE INTO identifiers VALUES (?, ?, ?, ?)');
    this.#deleteEntry = this.#db.prepare(
      'DELETE FROM identifiers WHERE idx = ? AND customer_id = ? AND linked_by = ?',
    );
  }

  /** All changes of one transaction are durable together; each is refused or carried out by itself. */
  write(changes: readonly VaultWrite[]): VaultResult[] {
    return this.#db.transaction(() => changes.map((change) => this.#writeOne(change)));
  }

  restore(content: VaultContent): VaultResult {
    try {
      return this.#db.transaction(() => this.#restore(content));
    } catch (error) {
      if (error instanceof Refusal) return error.result;
      throw error;
    }
  }

  createSecrets(body: string): void {
    this.#db.query('INSERT INTO secrets VALUES (1, ?)', [body]);
  }

  free(entry: IdentifierEntry): void {
    this.#deleteEntry.run([indexBytes(entry.index), entry.customerId, entry.linkedBy]);
  }

  putApiKey(row: ApiKeyRow): void {
    const { keyId, hash, name, roles, createdAt, expiresAt = null } = row;
    this.#db.query('INSERT OR REPLACE INTO api_keys VALUES (?, ?, ?, ?, ?, ?)', [
      keyId,
      hash,
      name,
      roles.join(' '),
      createdAt,
      expiresAt,
    ]);
  }

  removeApiKey(keyId: string): boolean {
    return this.#db.query('DELETE FROM api_keys WHERE key_id = ? RETURNING key_id', [keyId]).length > 0;
  }

  close(): void {
    this.#db.close();
  }

  #restore({ rows, entries }: VaultContent): VaultResult {
    for (const { customerId, version, body } of rows) {
      if (this.#insertRow.run([customerId, version, body]) > 0) continue;
      const stored = this.#row.get([customerId]);
      const same = stored !== undefined && integer(stored[0]) === version && text(stored[1]) === body;
      if (!same) throw new Refusal({ outcome: 'stale' });
    }
    for (const { index, customerId, linkedBy, unlinkedBy } of entries) {
      const row = this.#entry.get([indexBytes(index)]);
      if (row === undefined) {
        this.#putEntry.run([indexBytes(index), customerId, linkedBy, unlinkedBy ?? null]);
        continue;
      }
      const entry = entryOf(row);
      const same = entry.customerId === customerId && entry.linkedBy === linkedBy;
      if (!same || entry.unlinkedBy !== unlinkedBy) throw new Refusal({ outcome: 'taken', entry });
    }
    return WRITTEN;
  }

  #writeOne(change: VaultWrite): VaultResult {
    this.#db.exec('SAVEPOINT change');
    try {
      this.#apply(change);
      this.#db.exec('RELEASE change');
      return WRITTEN;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#db.exec('ROLLBACK TO change');
      this.#db.exec('RELEASE change');
      return error.result;
    }
  }

  #apply({ row, entries = [] }: VaultWrite): void {
    for (const entry of entries) {
      const stored = this.#entry.get([indexBytes(entry.index)]);
      if (stored !== undefined && text(stored[1]) !== entry.customerId) {
        throw new Refusal({ outcome: 'taken', entry: entryOf(stored) });
      }
      const { index, customerId, linkedBy, unlinkedBy = null } = entry;
      this.#putEntry.run([indexBytes(index), customerId, linkedBy, unlinkedBy]);
    }
    if (row === undefined) return;
    const { customerId, version, body } = row;
    const changed =
      version === 1
        ? this.#insertRow.run([customerId, version, body])
        : this.#updateRow.run([version, body, customerId, version - 1]);
    if (changed === 0) throw new Refusal({ outcome: 'stale' });
  }
}

export function indexBytes(index: string): Buffer {
  return Buffer.from(index, 'hex');
}

export function entryOf(row: Row): IdentifierEntry {
  const [idx, customerId, linkedBy, unlinkedBy] = row;
  if (!(idx instanceof Uint8Array)) throw new TypeError('identifiers.idx is no blob');
  const entry = {
    index: Buffer.from(idx).toString('hex'),
    customerId: text(customerId),
    linkedBy: text(linkedBy),
  };
  return typeof unlinkedBy === 'string' ? { ...entry, unlinkedBy } : entry;
}
