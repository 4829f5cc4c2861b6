import { Lru } from '#libs/core';
import type { AppendRecord, AppendRequest, AppendResult } from '#libs/core';
import { integer, Sqlite, text } from '../sqlite';
import type { Statement } from '../sqlite';
import { BLOB_SLOTS, LOG_FORMAT, uuidBytes } from './schema';

/** Streams whose number and head the writer keeps in memory: about 100 bytes each. */
const STREAMS_CACHED = 50_000;
/** Keys of one commit are inserted in order: neighbours share pages. */
const WRITER_CACHE_KIB = 32_768;

interface StreamInfo {
  readonly sid: number;
  head: number;
}

/** The one writer of `log.db`. Synchronous: it runs on the storage thread, or in-process in tests. */
export class LogWriter {
  readonly #db: Sqlite;
  readonly #streams = new Lru<StreamInfo>(STREAMS_CACHED);
  readonly #statements: Readonly<Record<StatementName, Statement>>;
  #nextPosition: number;
  #nextSid: number;

  constructor(path: string) {
    this.#db = new Sqlite(path, { format: LOG_FORMAT, synchronous: 'FULL', cacheKiB: WRITER_CACHE_KIB });
    this.#statements = prepareAll(this.#db);
    this.#nextPosition = integer(this.#db.query('SELECT coalesce(max(position), 0) + 1 FROM events')[0]?.[0]);
    this.#nextSid = integer(this.#db.query('SELECT coalesce(max(sid), 0) + 1 FROM streams')[0]?.[0]);
  }

  /** Names the ledger that this log is of; refuses the log of another one. */
  claim(ledgerId: string): void {
    this.#db.transaction(() => {
      this.#db.query('INSERT INTO ledger VALUES (1, ?) ON CONFLICT DO NOTHING', [ledgerId]);
      const known = text(this.#db.query('SELECT ledger_id FROM ledger')[0]?.[0]);
      if (known !== ledgerId)
        throw new Error(`log.db is of ledger ${known}, the vault of ledger ${ledgerId}`);
    });
  }

  /** Appends all requests in one transaction: one fsync for whatever has queued. Each is all or nothing by itself. */
  append(requests: readonly AppendRequest[]): AppendResult[] {
    const nextPosition = this.#nextPosition;
    const nextSid = this.#nextSid;
    try {
      return this.#db.transaction(() => requests.map((request) => this.#appendOne(request)));
    } catch (error) {
      // Nothing of the batch is in the file, so nothing of it may stay in memory.
      this.#streams.clear();
      this.#nextPosition = nextPosition;
      this.#nextSid = nextSid;
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }

  #appendOne({ stream, expectedRevision, records }: AppendRequest): AppendResult {
    const known = this.#streamOf(stream);
    const head = known?.head ?? -1;
    const first = records[0];
    if (head !== expectedRevision || first === undefined) return { outcome: 'conflict', head };
    const duplicate = this.#claimKeys(records);
    if (duplicate !== undefined) return { outcome: 'duplicate', key: duplicate };
    const info = known ?? this.#createStream(stream, first.tag);
    const positions = records.map((record, i) => this.#insert(record, info.sid, expectedRevision + 1 + i));
    info.head = expectedRevision + records.length;
    return { outcome: 'appended', positions };
  }

  /** Enters the keys; on one that is there already, takes the others back and names it. */
  #claimKeys(records: readonly AppendRecord[]): string | undefined {
    const claimed: Buffer[] = [];
    for (const [i, { key }] of records.entries()) {
      if (key === undefined) continue;
      const bytes = Buffer.from(key, 'base64url');
      if (this.#statements.insertKey.run([bytes, this.#nextPosition + i]) === 0) {
        for (const other of claimed) this.#statements.deleteKey.run([other]);
        return key;
      }
      claimed.push(bytes);
    }
    return undefined;
  }

  #insert(record: AppendRecord, sid: number, rev: number): number {
    const position = this.#nextPosition++;
    const { insertEvent, insertBlob } = this.#statements;
    insertEvent.run([
      position,
      sid,
      rev,
      uuidBytes(record.id),
      record.env,
      Buffer.from(record.leafHash, 'hex'),
    ]);
    let slot = position * BLOB_SLOTS;
    for (const path in record.sealed) {
      const blob = record.sealed[path];
      if (blob !== undefined) insertBlob.run([slot++, path, blob]);
    }
    if (record.about !== undefined) this.#linkAbout(position, record.about);
    return position;
  }

  #linkAbout(position: number, { target, role }: NonNullable<AppendRecord['about']>): void {
    const { positionOfId, insertAbout, aboutTarget, deleteBlobs } = this.#statements;
    const row = positionOfId.get([uuidBytes(target)]);
    if (row === undefined) throw new Error('an event is about one that is not in the log');
    const targetPosition = integer(row[0]);
    if (role === 'redaction') {
      // What is redacted, and all that was said about it, leaves the file in the commit that says so.
      const said = aboutTarget.all([targetPosition]).map(([at]) => integer(at));
      for (const at of [targetPosition, ...said]) {
        deleteBlobs.run([at * BLOB_SLOTS, at * BLOB_SLOTS + BLOB_SLOTS - 1]);
      }
    }
    insertAbout.run([targetPosition, position, role]);
  }

  #streamOf(name: string): StreamInfo | undefined {
    const cached = this.#streams.get(name);
    if (cached !== undefined) return cached;
    const row = this.#statements.stream.get([name]);
    if (row === undefined) return undefined;
    const info = { sid: integer(row[0]), head: integer(row[1]) };
    this.#streams.set(name, info);
    return info;
  }

  #createStream(name: string, tag: string): StreamInfo {
    const info = { sid: this.#nextSid++, head: -1 };
    this.#statements.insertStream.run([info.sid, name, Buffer.from(tag, 'hex')]);
    this.#streams.set(name, info);
    return info;
  }
}

type StatementName = keyof typeof SQL;

const SQL = {
  stream: 'SELECT sid, (SELECT max(rev) FROM events e WHERE e.sid = s.sid) FROM streams s WHERE name = ?',
  insertStream: 'INSERT INTO streams VALUES (?, ?, ?)',
  insertEvent: 'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)',
  insertBlob: 'INSERT INTO sealed VALUES (?, ?, ?)',
  deleteBlobs: 'DELETE FROM sealed WHERE slot BETWEEN ? AND ?',
  insertKey: 'INSERT INTO keys VALUES (?, ?) ON CONFLICT DO NOTHING',
  deleteKey: 'DELETE FROM keys WHERE k = ?',
  positionOfId: 'SELECT position FROM events WHERE id = ?',
  insertAbout: 'INSERT INTO about VALUES (?, ?, ?)',
  aboutTarget: 'SELECT position FROM about WHERE target = ?',
} as const;

function prepareAll(db: Sqlite): Record<StatementName, Statement> {
  return {
    stream: db.prepare(SQL.stream),
    insertStream: db.prepare(SQL.insertStream),
    insertEvent: db.prepare(SQL.insertEvent),
    insertBlob: db.prepare(SQL.insertBlob),
    deleteBlobs: db.prepare(SQL.deleteBlobs),
    insertKey: db.prepare(SQL.insertKey),
    deleteKey: db.prepare(SQL.deleteKey),
    positionOfId: db.prepare(SQL.positionOfId),
    insertAbout: db.prepare(SQL.insertAbout),
    aboutTarget: db.prepare(SQL.aboutTarget),
  };
}
