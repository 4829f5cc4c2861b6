import type {
  Checkpoint,
  Document,
  DocumentCommit,
  DocumentGroup,
  DocumentPage,
  DocumentQuery,
} from '#libs/core';
import type { DocumentsDefinition, Progress } from '#libs/core';
import { checkPageLimit, describeProjections, GroupDefinitionError, projectionsOf } from '#libs/core';
import { integer, Sqlite, text } from '../sqlite';
import type { FileFormat, Row, SqlValue, Statement } from '../sqlite';
import { Finder } from './find';
import { DocumentTable, tableSchema } from './table';

const APPLICATION_ID = 0x54_73_64_6f; // "Tsdo"
const FORMAT_VERSION = 2;
const PROGRESS = 'stream, revision, position, parked_since, reason, retry';
const STREAMS_AT_ONCE = 500;
/** 128 MB of log: pages that many batches touch are written to the file once. */
const WAL_AUTOCHECKPOINT_PAGES = 32_000;
const CACHE_KIB = 32_768;

const GROUP_SCHEMA = `
CREATE TABLE definition (body TEXT NOT NULL);
CREATE TABLE progress (
  stream TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  position INTEGER NOT NULL,
  parked_since TEXT,
  reason TEXT,
  retry INTEGER
) WITHOUT ROWID;
CREATE INDEX parked ON progress (stream, retry) WHERE parked_since IS NOT NULL;
CREATE TABLE checkpoint (partition INTEGER PRIMARY KEY, topic TEXT NOT NULL, "offset" INTEGER NOT NULL, position INTEGER NOT NULL);
`;

export interface GroupConnection {
  /** Reads what another thread or process writes, and makes nothing: not even a group that is not there. */
  readonly readonly?: boolean;
  /** How long a commit waits for one of another connection's. */
  readonly busyTimeoutMs?: number;
}

/** One group's documents, progress and checkpoints: one SQLite file, one connection of one thread. */
export class EmbeddedDocumentGroup implements DocumentGroup {
  readonly #database: Sqlite;
  readonly #tables = new Map<string, { readonly table: DocumentTable; readonly finder: Finder }>();
  readonly #getProgress: Statement;
  readonly #getParked: Statement;
  readonly #putProgress: Statement;
  readonly #getCheckpoint: Statement;
  readonly #putCheckpoint: Statement;
  readonly #getCheckpoints: Statement;

  constructor(
    readonly id: string,
    readonly projections: readonly DocumentsDefinition[],
    path: string,
    connection: GroupConnection,
  ) {
    this.#database = new Sqlite(path, {
      ...connection,
      format: groupFormat(projections),
      // A lost tail is folded again: the checkpoint is lost with it.
      synchronous: 'NORMAL',
      walAutocheckpointPages: WAL_AUTOCHECKPOINT_PAGES,
      cacheKiB: CACHE_KIB,
    });
    if (this.#database.query('SELECT body FROM definition')[0]?.[0] !== describeProjections(projections)) {
      this.#database.close();
      throw new GroupDefinitionError(`${path} was made with other projections, versions or indexes`);
    }
    for (const definition of projections) {
      const table = new DocumentTable(this.#database, definition);
      this.#tables.set(definition.name, { table, finder: new Finder(this.#database, definition) });
    }
    this.#getProgress = this.#database.prepare(
      `SELECT ${PROGRESS} FROM progress WHERE stream IN (SELECT value FROM json_each(?))`,
    );
    this.#getParked = this.#database.prepare(
      `SELECT ${PROGRESS} FROM progress
       WHERE parked_since IS NOT NULL AND stream > ? AND (retry IS 1 OR ?) ORDER BY stream LIMIT ?`,
    );
    this.#putProgress = this.#database.prepare(
      `INSERT OR REPLACE INTO progress (${PROGRESS}) VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#getCheckpoint = this.#database.prepare(
      'SELECT topic, "offset", position FROM checkpoint WHERE partition = ?',
    );
    this.#getCheckpoints = this.#database.prepare(
      'SELECT partition, topic, "offset", position FROM checkpoint',
    );
    this.#putCheckpoint = this.#database.prepare(
      `INSERT INTO checkpoint (partition, topic, "offset", position) VALUES (?, ?, ?, ?)
       ON CONFLICT (partition) DO UPDATE SET topic = excluded.topic, "offset" = excluded."offset", position = excluded.position`,
    );
  }

  async getMany(projection: string, keys: readonly string[]): Promise<readonly (Document | undefined)[]> {
    return this.#of(projection).table.getMany(keys);
  }

  async find(projection: string, query: DocumentQuery): Promise<DocumentPage> {
    return this.#of(projection).finder.find(query);
  }

  async scan(
    projection: string,
    afterKey: string | undefined,
    limit: number,
  ): Promise<readonly (readonly [string, Document])[]> {
    checkPageLimit(limit);
    return this.#of(projection).table.scan(afterKey, limit);
  }

  async progress(streams: readonly string[]): Promise<readonly (Progress | undefined)[]> {
    const found = new Map<string, Progress>();
    for (let start = 0; start < streams.length; start += STREAMS_AT_ONCE) {
      for (const row of this.#getProgress.all([
        JSON.stringify(streams.slice(start, start + STREAMS_AT_ONCE)),
      ])) {
        const progress = progressOf(row);
        found.set(progress.stream, progress);
      }
    }
    return streams.map((stream) => found.get(stream));
  }

  async checkpoint(partition: number): Promise<Checkpoint | undefined> {
    return this.#storedCheckpoint(partition);
  }

  async checkpoints(): Promise<ReadonlyMap<number, Checkpoint>> {
    const rows = this.#getCheckpoints.all([]);
    return new Map(
      rows.map(([partition, topic, offset, position]) => [
        integer(partition),
        { topicId: text(topic), offset: integer(offset), position: integer(position) },
      ]),
    );
  }

  async parked(
    afterStream = '',
    limit: number,
    which: 'all' | 'retry' = 'all',
  ): Promise<readonly Progress[]> {
    checkPageLimit(limit);
    return this.#getParked.all([afterStream, which === 'all' ? 1 : 0, limit]).map(progressOf);
  }

  async countParked(): Promise<number> {
    const [row] = this.#database.query('SELECT count(*) FROM progress WHERE parked_since IS NOT NULL');
    return integer(row?.[0]);
  }

  async markParked(): Promise<void> {
    this.#database.exec('UPDATE progress SET retry = 1 WHERE parked_since IS NOT NULL');
  }

  /** Throws `EngineError` where the disk is full or fails: the batch can be tried again. */
  async commit(batch: DocumentCommit): Promise<'committed' | 'fenced'> {
    return this.#database.transaction(() => {
      if (!same(this.#storedCheckpoint(batch.partition), batch.expected)) return 'fenced';
      for (const { projection, key, document } of batch.documents)
        this.#of(projection).table.write(key, document);
      for (const progress of batch.progress) this.#putProgress.run(rowOf(progress));
      const { next } = batch;
      if (next !== undefined && !same(next, batch.expected)) {
        this.#putCheckpoint.run([batch.partition, next.topicId, next.offset, next.position]);
      }
      return 'committed';
    });
  }

  close(): void {
    this.#database.close();
  }

  /** Removes the file. */
  destroy(): void {
    this.#database.destroy();
  }

  #storedCheckpoint(partition: number): Checkpoint | undefined {
    const row = this.#getCheckpoint.get([partition]);
    return row && { topicId: text(row[0]), offset: integer(row[1]), position: integer(row[2]) };
  }

  #of(projection: string): { readonly table: DocumentTable; readonly finder: Finder } {
    const found = this.#tables.get(projection);
    if (found === undefined) throw new TypeError(`Group ${this.id} has no projection ${projection}`);
    return found;
  }
}

export function groupFormat(projections: readonly DocumentsDefinition[]): FileFormat {
  const body = describeProjections(projections).replaceAll("'", "''");
  const schema = [
    GROUP_SCHEMA,
    ...projections.map(tableSchema),
    `INSERT INTO definition VALUES ('${body}');`,
  ].join('\n');
  return { applicationId: APPLICATION_ID, version: FORMAT_VERSION, schema };
}

/** With which projections a group's file was made. */
export function madeWith(path: string): ReturnType<typeof projectionsOf> {
  const database = new Sqlite(path, { format: groupFormat([]), readonly: true });
  try {
    return projectionsOf(text(database.query('SELECT body FROM definition')[0]?.[0]));
  } finally {
    database.close();
  }
}

function rowOf({ stream, revision, position, parked, retry }: Progress): SqlValue[] {
  const marked = parked !== undefined && retry === true ? 1 : null;
  return [stream, revision, position, parked?.since ?? null, parked?.reason ?? null, marked];
}

function progressOf([stream, revision, position, since, reason, retry]: Row): Progress {
  const read = { stream: text(stream), revision: integer(revision), position: integer(position) };
  if (since === null) return read;
  const parked = { since: text(since), reason: text(reason) };
  return { ...read, parked, ...(retry === null ? {} : { retry: true }) };
}

function same(a: Checkpoint | undefined, b: Checkpoint | undefined): boolean {
  return a?.topicId === b?.topicId && a?.offset === b?.offset && a?.position === b?.position;
}
