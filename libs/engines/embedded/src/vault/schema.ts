import type { FileFormat } from '../sqlite';

export const VAULT_FORMAT: FileFormat = {
  applicationId: 0x54535654, // "TSVT"
  version: 1,
  schema: `
    CREATE TABLE secrets (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL) STRICT;
    CREATE TABLE customers (customer_id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
    CREATE TABLE identifiers (
      idx BLOB PRIMARY KEY,
      customer_id TEXT NOT NULL,
      linked_by TEXT NOT NULL,
      unlinked_by TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX identifiers_of_customer ON identifiers (customer_id);
    CREATE TABLE api_keys (
      key_id TEXT PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      roles TEXT NOT NULL,
      created_at TEXT NOT NULL,
      expires_at TEXT
    ) STRICT;
  `,
};
