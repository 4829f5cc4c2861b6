import type { FileFormat } from '../sqlite';

/** Blobs of one event have rowids `position × BLOB_SLOTS + n`: found by range, dropped without touching the event. */
export const BLOB_SLOTS = 8;

/**
 * The ledger's one file. `events` and `streams` only grow; `sealed` loses the blobs of what was redacted. `keys` and
 * `about` are indexes that could be made again from `events`. The view `records` is a contract: see docs/audit.md.
 */
export const LOG_FORMAT: FileFormat = {
  applicationId: 0x54534c47, // "TSLG"
  version: 1,
  schema: `
    CREATE TABLE ledger (one INTEGER PRIMARY KEY CHECK (one = 1), ledger_id TEXT NOT NULL) STRICT;
    CREATE TABLE streams (sid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tag BLOB NOT NULL) STRICT;
    CREATE TABLE events (
      position INTEGER PRIMARY KEY,
      sid INTEGER NOT NULL,
      rev INTEGER NOT NULL,
      id BLOB NOT NULL,
      env TEXT NOT NULL,
      leaf_hash BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX events_of_stream ON events (sid, rev);
    CREATE UNIQUE INDEX events_by_id ON events (id);
    CREATE TABLE sealed (slot INTEGER PRIMARY KEY, class TEXT NOT NULL, blob BLOB NOT NULL) STRICT;
    CREATE TABLE keys (k BLOB PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE about (
      target INTEGER NOT NULL,
      position INTEGER NOT NULL,
      role TEXT NOT NULL,
      PRIMARY KEY (target, position)
    ) STRICT, WITHOUT ROWID;
    CREATE VIEW records AS
      SELECT
        e.position AS position,
        s.name AS stream,
        e.rev AS rev,
        lower(
          substr(hex(e.id), 1, 8) || '-' || substr(hex(e.id), 9, 4) || '-' || substr(hex(e.id), 13, 4) || '-' ||
          substr(hex(e.id), 17, 4) || '-' || substr(hex(e.id), 21)
        ) AS id,
        e.env AS env,
        (
          SELECT json_group_object(b.class, lower(hex(b.blob)))
          FROM sealed b
          WHERE b.slot BETWEEN e.position * ${BLOB_SLOTS} AND e.position * ${BLOB_SLOTS} + ${BLOB_SLOTS - 1}
        ) AS sealed,
        lower(hex(s.tag)) AS s,
        lower(hex(e.leaf_hash)) AS leaf_hash
      FROM events e JOIN streams s ON s.sid = e.sid;
  `,
};

export function uuidBytes(id: string): Buffer {
  return Buffer.from(
    id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24),
    'hex',
  );
}

export function uuidText(bytes: Uint8Array): string {
  return uuidOfHex(hexText(bytes));
}

export function uuidOfHex(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
