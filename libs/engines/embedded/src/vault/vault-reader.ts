import type { ApiKeyRow, CustomerRow, IdentifierEntry, VaultContent } from '#libs/core';
import { integer, Sqlite, text } from '../sqlite';
import type { Row, Statement } from '../sqlite';
import { VAULT_FORMAT } from './schema';
import { entryOf, indexBytes } from './vault-writer';

/** First letter of a cursor: what the page is of. */
const ROWS = 'r';
const ENTRIES = 'e';

/** Reads `vault.db` on a connection of its own. */
export class VaultReader {
  readonly #db: Sqlite;
  readonly #row: Statement;
  readonly #entry: Statement;
  readonly #rowsAfter: Statement;
  readonly #entriesAfter: Statement;

  constructor(path: string) {
    this.#db = new Sqlite(path, { format: VAULT_FORMAT, readonly: true });
    this.#row = this.#db.prepare('SELECT customer_id, version, body FROM customers WHERE customer_id = ?');
    this.#entry = this.#db.prepare(
      'SELECT idx, customer_id, linked_by, unlinked_by FROM identifiers WHERE idx = ?',
    );
    this.#rowsAfter = this.#db.prepare(
      'SELECT customer_id, version, body FROM customers WHERE customer_id > ? ORDER BY customer_id LIMIT ?',
    );
    this.#entriesAfter = this.#db.prepare(
      'SELECT idx, customer_id, linked_by, unlinked_by FROM identifiers WHERE idx > ? ORDER BY idx LIMIT ?',
    );
  }

  secrets(): string | undefined {
    const [row] = this.#db.query('SELECT body FROM secrets');
    return row === undefined ? undefined : text(row[0]);
  }

  rows(customerIds: readonly string[]): (CustomerRow | undefined)[] {
    return customerIds.map((id) => {
      const row = this.#row.get([id]);
      return row === undefined ? undefined : rowOf(row);
    });
  }

  lookup(indexes: readonly string[]): (IdentifierEntry | undefined)[] {
    return indexes.map((index) => {
      const row = this.#entry.get([indexBytes(index)]);
      return row === undefined ? undefined : entryOf(row);
    });
  }

  /** Rows first, then entries, each in the order of their keys: a cursor is the kind and the last key. */
  copy(cursor: string | undefined, limit: number): VaultContent & { next?: string } {
    const after = (cursor ?? '').slice(1);
    if (cursor?.startsWith(ENTRIES) !== true) {
      const rows = this.#rowsAfter.all([after, limit]).map(rowOf);
      const last = rows[rows.length - 1];
      const next = rows.length < limit || last === undefined ? ENTRIES : ROWS + last.customerId;
      return { rows, entries: [], next };
    }
    const entries = this.#entriesAfter.all([indexBytes(after), limit]).map(entryOf);
    const last = entries[entries.length - 1];
    const over = entries.length < limit || last === undefined;
    return { rows: [], entries, ...(over ? {} : { next: ENTRIES + last.index }) };
  }

  apiKeys(): ApiKeyRow[] {
    const rows = this.#db.query(
      'SELECT key_id, hash, name, roles, created_at, expires_at FROM api_keys ORDER BY created_at, key_id',
    );
    return rows.map(([keyId, hash, name, roles, createdAt, expiresAt]) => ({
      keyId: text(keyId),
      hash: text(hash),
      name: text(name),
      roles: text(roles).split(' '),
      createdAt: text(createdAt),
      ...(typeof expiresAt === 'string' ? { expiresAt } : {}),
    }));
  }

  close(): void {
    this.#db.close();
  }
}

function rowOf([customerId, version, body]: Row): CustomerRow {
  return { customerId: text(customerId), version: integer(version), body: text(body) };
}
