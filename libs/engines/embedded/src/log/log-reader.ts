import { Lru } from '#libs/core';
import type { Located, StoredRecord, StreamHead } from '#libs/core';
import { blob, integer, Sqlite, text } from '../sqlite';
import type { Row, Statement } from '../sqlite';
import { BLOB_SLOTS, hexText, LOG_FORMAT, uuidBytes, uuidOfHex, uuidText } from './schema';

const STREAMS_CACHED = 50_000;
const UUID_LENGTH = 36;
/** References that one statement looks up. */
const LOCATE_BATCH = 50;

const BLOBS = `LEFT JOIN sealed b ON b.slot BETWEEN e.position * ${BLOB_SLOTS} AND e.position * ${BLOB_SLOTS} + ${BLOB_SLOTS - 1}`;
/** As text, because each buffer that the driver makes costs as much as all other columns together. */
const hexOf = (name: string): string => `lower(hex(${name}))`;
const COLUMNS = `e.position, e.sid, e.rev, ${hexOf('e.id')}, e.env, ${hexOf('e.leaf_hash')}, b.class, b.blob`;

interface StreamName {
  readonly sid: number;
  readonly name: string;
  readonly tag: string;
}

/** Reads `log.db` on a connection of its own; sees every commit at once, and holds no lock against the writer. */
export class LogReader {
  readonly #db: Sqlite;
  readonly #byName = new Lru<StreamName>(STREAMS_CACHED);
  readonly #bySid = new Lru<StreamName>(STREAMS_CACHED);
  readonly #ofStream: Statement;
  readonly #ofLedger: Statement;
  readonly #streamByName: Statement;
  readonly #streamBySid: Statement;
  readonly #streamsAfter: Statement;
  readonly #last: Statement;
  readonly #keys: Statement;
  readonly #ids: Statement;
  readonly #state: Statement;

  constructor(path: string) {
    this.#db = new Sqlite(path, { format: LOG_FORMAT, readonly: true });
    const page = (where: string, order: string): string =>
      `SELECT ${COLUMNS} FROM (SELECT * FROM events WHERE ${where} ORDER BY ${order} LIMIT ?) e ${BLOBS} ORDER BY ${order}, b.slot`;
    this.#ofStream = this.#db.prepare(page('sid = ? AND rev >= ?', 'rev'));
    this.#ofLedger = this.#db.prepare(page('position > ?', 'position'));
    this.#streamByName = this.#db.prepare('SELECT sid, name, tag FROM streams WHERE name = ?');
    this.#streamBySid = this.#db.prepare('SELECT sid, name, tag FROM streams WHERE sid = ?');
    this.#streamsAfter = this.#db.prepare(
      'SELECT sid, name, (SELECT max(rev) FROM events e WHERE e.sid = s.sid) FROM streams s WHERE sid > ? ORDER BY sid LIMIT ?',
    );
    this.#last = this.#db.prepare('SELECT coalesce(max(position), 0) FROM events');
    const marks = Array(LOCATE_BATCH).fill('?').join(', ');
    this.#keys = this.#db.prepare(
      `SELECT k.k, e.sid, e.rev, e.position FROM keys k JOIN events e USING (position) WHERE k.k IN (${marks})`,
    );
    this.#ids = this.#db.prepare(`SELECT id, sid, rev, position FROM events WHERE id IN (${marks})`);
    this.#state = this.#db.prepare(
      `SELECT e.rev FROM about a JOIN events e USING (position) WHERE a.target = ? AND a.role = 'state' ORDER BY a.position DESC LIMIT 1`,
    );
  }

  readStream(stream: string, fromRevision: number, limit: number): StoredRecord[] {
    const known = this.#named(stream);
    return known === undefined
      ? []
      : this.#records(this.#ofStream.all([known.sid, Math.max(0, fromRevision), limit]));
  }

  readAll(afterPosition: number, limit: number): StoredRecord[] {
    return this.#records(this.#ofLedger.all([afterPosition, limit]));
  }

  head(stream: string): StoredRecord | undefined {
    const known = this.#named(stream);
    if (known === undefined) return undefined;
    const [row] = this.#db.query('SELECT max(rev) FROM events WHERE sid = ?', [known.sid]);
    return this.readStream(stream, integer(row?.[0]), 1)[0];
  }

  streams(cursor: string | undefined, limit: number): { items: StreamHead[]; next?: string } {
    const rows = this.#streamsAfter.all([Number(cursor ?? 0), limit]);
    const items = rows.map(([, name, rev]) => ({ stream: text(name), revision: integer(rev) }));
    const last = rows[rows.length - 1];
    return rows.length < limit || last === undefined ? { items } : { items, next: String(integer(last[0])) };
  }

  locate(references: readonly string[]): (Located | undefined)[] {
    const found = new Map<string, Located>();
    const isId = (reference: string): boolean => reference.length === UUID_LENGTH;
    const ids = references.filter(isId);
    const keys = references.filter((reference) => !isId(reference));
    for (const [k, sid, rev] of lookUp(this.#keys, keys, (key) => Buffer.from(key, 'base64url'))) {
      found.set(Buffer.from(blob(k)).toString('base64url'), this.#located(integer(sid), integer(rev)));
    }
    for (const [id, sid, rev, position] of lookUp(this.#ids, ids, uuidBytes)) {
      const state = this.#state.get([integer(position)]);
      const located = this.#located(integer(sid), integer(rev));
      found.set(uuidText(blob(id)), state === undefined ? located : { ...located, state: integer(state[0]) });
    }
    return references.map((reference) => found.get(reference));
  }

  lastPosition(): number {
    return integer(this.#last.get([])?.[0]);
  }

  /** Changes with every commit of another connection: a cheap question whether there is anything new. */
  dataVersion(): number {
    return integer(this.#db.pragma('data_version'));
  }

  close(): void {
    this.#db.close();
  }

  #located(sid: number, revision: number): Located {
    return { stream: this.#numbered(sid).name, revision };
  }

  /** Rows of one event stand together, one for each blob. */
  #records(rows: readonly Row[]): StoredRecord[] {
    const records: StoredRecord[] = [];
    let sealed: Record<string, Uint8Array> = {};
    let current = -1;
    for (const [position, sid, rev, id, env, leafHash, path, bytes] of rows) {
      if (position !== current) {
        current = integer(position);
        sealed = {};
        const { name, tag } = this.#numbered(integer(sid));
        records.push({
          position: current,
          stream: name,
          rev: integer(rev),
          id: uuidOfHex(text(id)),
          env: text(env),
          sealed,
          leafHash: text(leafHash),
          tag,
        });
      }
      if (typeof path === 'string') sealed[path] = blob(bytes);
    }
    return records;
  }

  #named(name: string): StreamName | undefined {
    return this.#byName.get(name) ?? this.#keep(this.#streamByName.get([name]));
  }

  #numbered(sid: number): StreamName {
    const known = this.#bySid.get(String(sid)) ?? this.#keep(this.#streamBySid.get([sid]));
    if (known === undefined) throw new Error('an event of a stream that is not there');
    return known;
  }

  #keep(row: Row | undefined): StreamName | undefined {
    if (row === undefined) return undefined;
    const stream = { sid: integer(row[0]), name: text(row[1]), tag: hexText(blob(row[2])) };
    this.#byName.set(stream.name, stream);
    this.#bySid.set(String(stream.sid), stream);
    return stream;
  }
}

function lookUp(
  statement: Statement,
  references: readonly string[],
  bytes: (reference: string) => Buffer,
): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < references.length; i += LOCATE_BATCH) {
    const some = references.slice(i, i + LOCATE_BATCH).map(bytes);
    const padded = [...some, ...Array<null>(LOCATE_BATCH - some.length).fill(null)];
    rows.push(...statement.all(padded));
  }
  return rows;
}
