import type { ApiKeyRow, CustomerRow, IdentifierEntry } from '#libs/core';
import { integer, Sqlite, text } from '../sqlite';
import type { Statement } from '../sqlite';
import { VAULT_FORMAT } from './schema';
import { entryOf, indexBytes } from './vault-writer';

/** Reads `vault.db` on a connection of its own. */
export class VaultReader {
  readonly #db: Sqlite;
  readonly #row: Statement;
  readonly #entry: Statement;

  constructor(path: string) {
    this.#db = new Sqlite(path, { format: VAULT_FORMAT, readonly: true });
    this.#row = this.#db.prepare('SELECT customer_id, version, body FROM customers WHERE customer_id = ?');
    this.#entry = this.#db.prepare(
      'SELECT idx, customer_id, linked_by, unlinked_by FROM identifiers WHERE idx = ?',
    );
  }

  secrets(): string | undefined {
    const [row] = this.#db.query('SELECT body FROM secrets');
    return row === undefined ? undefined : text(row[0]);
  }

  rows(customerIds: readonly string[]): (CustomerRow | undefined)[] {
    return customerIds.map((id) => {
      const row = this.#row.get([id]);
      return row === undefined
        ? undefined
        : { customerId: text(row[0]), version: integer(row[1]), body: text(row[2]) };
    });
  }

  lookup(indexes: readonly string[]): (IdentifierEntry | undefined)[] {
    return indexes.map((index) => {
      const row = this.#entry.get([indexBytes(index)]);
      return row === undefined ? undefined : entryOf(row);
    });
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
