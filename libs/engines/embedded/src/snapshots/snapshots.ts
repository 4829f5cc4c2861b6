import type { Snapshot } from '#libs/core';
import { integer, Sqlite, text } from '../sqlite';
import type { FileFormat, Statement } from '../sqlite';

const SNAPSHOT_FORMAT: FileFormat = {
  applicationId: 0x5453534e, // "TSSN"
  version: 1,
  schema: `
    CREATE TABLE snapshots (
      stream TEXT PRIMARY KEY,
      revision INTEGER NOT NULL,
      leaf_hash TEXT NOT NULL,
      body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
  `,
};

/** `snapshots.db`: disposable, so its commits need not reach the disk before they are used. */
export class SnapshotFile {
  readonly #db: Sqlite;
  readonly #load: Statement;
  readonly #save: Statement | undefined;

  constructor(path: string, { readonly }: { readonly: boolean }) {
    this.#db = new Sqlite(path, { format: SNAPSHOT_FORMAT, synchronous: 'NORMAL', readonly });
    this.#load = this.#db.prepare('SELECT revision, leaf_hash, body FROM snapshots WHERE stream = ?');
    this.#save = readonly
      ? undefined
      : this.#db.prepare('INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)');
  }

  load(stream: string): Snapshot | undefined {
    const row = this.#load.get([stream]);
    if (row === undefined) return undefined;
    return { stream, revision: integer(row[0]), leafHash: text(row[1]), body: text(row[2]) };
  }

  save(snapshots: readonly Snapshot[]): void {
    this.#db.transaction(() => {
      for (const { stream, revision, leafHash, body } of snapshots) {
        this.#save?.run([stream, revision, leafHash, body]);
      }
    });
  }

  close(): void {
    this.#db.close();
  }
}
