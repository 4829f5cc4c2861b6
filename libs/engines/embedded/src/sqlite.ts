import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import Driver from 'libsql';
import { codeOf, EngineError } from '#libs/core';

/**
 * What the driver binds and returns. Never a boolean: libsql 0.5 aborts the whole process on one. It binds every
 * number as REAL, so a column that holds integers must be declared INTEGER; it ends a text that it reads at U+0000.
 */
export type SqlValue = string | number | null | Uint8Array;
export type Row = readonly SqlValue[];

/** Which file this is: `applicationId` is the four bytes by which SQLite files are told apart, `version` that of its schema. */
export interface FileFormat {
  readonly applicationId: number;
  readonly version: number;
  /** Run once, in the transaction that makes the file. */
  readonly schema: string;
}

export interface SqliteOptions {
  readonly format: FileFormat;
  /** A read-only connection never makes a file; it sees every commit of the others at once. */
  readonly readonly?: boolean;
  /** FULL: a commit is on the disk when it returns. NORMAL: power loss may take the last ones, never part of one. */
  readonly synchronous?: 'FULL' | 'NORMAL';
  readonly walAutocheckpointPages?: number;
  readonly busyTimeoutMs?: number;
  /** Memory for pages of this connection. */
  readonly cacheKiB?: number;
}

const PAGE_BYTES = 4096;
const DEFAULT_WAL_AUTOCHECKPOINT_PAGES = 8000;
const DEFAULT_BUSY_TIMEOUT_MS = 5000;
const DEFAULT_CACHE_KIB = 16_384;

/** The file at `path` is none of this kind, or of another version; it was left as it is. */
export class ForeignFileError extends Error {
  override readonly name = 'ForeignFileError';

  constructor(
    readonly path: string,
    reason: string,
  ) {
    super(`${path} ${reason}`);
  }
}

/** The disk, or another connection, was in the way: the same may succeed later. */
export class SqliteFault extends EngineError {
  override readonly name = 'SqliteFault';

  constructor(
    path: string,
    /** SQLite's own, as `SQLITE_FULL` or `SQLITE_IOERR_FSYNC`. */
    readonly code: string,
    cause: Error,
  ) {
    super(`${path}: ${cause.message}`, { cause });
  }
}

/** Results that say nothing of the statement nor of the file's content. */
const PASSING = /^SQLITE_(FULL|IOERR|BUSY|LOCKED|CANTOPEN|NOMEM|PROTOCOL|READONLY)/;

function asking<Result>(path: string, ask: () => Result): Result {
  try {
    return ask();
  } catch (error) {
    const code = codeOf(error);
    throw error instanceof Error && PASSING.test(code) ? new SqliteFault(path, code, error) : error;
  }
}

export class Statement {
  #native: Driver.Statement | undefined;

  constructor(
    private readonly path: string,
    native: Driver.Statement,
  ) {
    // Rows as objects would carry a `_metadata` of the driver's.
    this.#native = native.reader ? native.raw() : native;
  }

  /** Number of rows changed. */
  run(values: readonly SqlValue[]): number {
    return asking(this.path, () => this.#open().run(values).changes);
  }

  get(values: readonly SqlValue[]): Row | undefined {
    return asking(this.path, () => this.#open().get(values) as Row | undefined);
  }

  all(values: readonly SqlValue[]): Row[] {
    return asking(this.path, () => this.#open().all(values) as Row[]);
  }

  /** Called by its database. The driver would go on answering after it was closed, and keep the file open. */
  release(): void {
    this.#native = undefined;
  }

  #open(): Driver.Statement {
    if (this.#native === undefined) throw new Error('The statement was released or its database is closed');
    return this.#native;
  }
}

/** One connection to one file. Not shared between threads; every thread opens its own. */
export class Sqlite {
  readonly path: string;
  readonly readonly: boolean;
  readonly #native: Driver.Database;
  readonly #statements = new Set<Statement>();
  readonly #begin: Statement;
  readonly #commit: Statement;

  constructor(path: string, options: SqliteOptions) {
    this.path = path;
    this.readonly = options.readonly ?? false;
    if (this.readonly && !existsSync(path)) throw new ForeignFileError(path, 'does not exist');
    this.#native = connect(path, this.readonly, options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS);
    try {
      this.#prepareFile(options);
    } catch (error) {
      this.#native.close();
      throw isNotADatabase(error) ? new ForeignFileError(path, 'is not an SQLite file') : error;
    }
    this.#begin = this.prepare('BEGIN IMMEDIATE');
    this.#commit = this.prepare('COMMIT');
  }

  /** A statement to keep: it lives until `release` or `close`. */
  prepare(sql: string): Statement {
    const statement = this.#statement(sql);
    this.#statements.add(statement);
    return statement;
  }

  release(statement: Statement): void {
    this.#statements.delete(statement);
    statement.release();
  }

  /** For what runs seldom: prepared, run and forgotten. */
  query(sql: string, values: readonly SqlValue[] = []): Row[] {
    return this.#statement(sql).all(values);
  }

  exec(sql: string): void {
    asking(this.path, () => this.#native.exec(sql));
  }

  /** First column of the pragma's first row. */
  pragma(pragma: string): SqlValue {
    return this.query(`PRAGMA ${pragma}`)[0]?.[0] ?? null;
  }

  get inTransaction(): boolean {
    return this.#native.inTransaction;
  }

  /** Runs `work` in an IMMEDIATE transaction and commits; whatever it throws rolls back. Must not be nested, nor await. */
  transaction<Result>(work: () => Result): Result {
    this.#begin.run([]);
    try {
      const result = work();
      this.#commit.run([]);
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** Several reads that all see the same commit. Must not be nested, nor await. */
  snapshot<Result>(read: () => Result): Result {
    this.exec('BEGIN DEFERRED');
    try {
      return read();
    } finally {
      this.#rollback();
    }
  }

  /** Gives free pages back to the file system, and empties the write-ahead log where no reader needs it. */
  compact(): void {
    this.query('PRAGMA incremental_vacuum');
    this.query('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    if (!this.#native.open) return;
    // The driver closes for good only when its statements are collected, so what closing would do is done here.
    if (!this.readonly) this.#checkpoint();
    for (const statement of this.#statements) statement.release();
    this.#statements.clear();
    this.#native.close();
  }

  /** Closes and removes the file. */
  destroy(): void {
    try {
      // What the driver has not yet closed would later remove the -wal of a new file of the same name.
      this.query('PRAGMA journal_mode = DELETE');
    } catch {
      // Another connection has it open; the file goes all the same.
    }
    this.close();
    removeDatabase(this.path);
  }

  #statement(sql: string): Statement {
    return asking(this.path, () => new Statement(this.path, this.#native.prepare(sql)));
  }

  /** Where the disk is full the write-ahead log stays as long as it is: nothing in it is lost. */
  #checkpoint(): void {
    try {
      this.query('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
  }

  #prepareFile(options: SqliteOptions): void {
    this.exec(`PRAGMA cache_size = -${options.cacheKiB ?? DEFAULT_CACHE_KIB}; PRAGMA trusted_schema = OFF`);
    if (this.readonly) {
      checkFormat(this, options.format);
      return;
    }
    if (isNew(this)) this.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
    else checkFormat(this, options.format);
    this.query('PRAGMA journal_mode = WAL');
    this.exec(`PRAGMA synchronous = ${options.synchronous ?? 'FULL'}`);
    this.query('PRAGMA secure_delete = ON');
    const pages = options.walAutocheckpointPages ?? DEFAULT_WAL_AUTOCHECKPOINT_PAGES;
    this.query(`PRAGMA wal_autocheckpoint = ${pages}`);
    this.#makeSchema(options.format);
  }

  /** Two connections may make the same file at once: the second one finds it made. */
  #makeSchema(format: FileFormat): void {
    this.exec('BEGIN IMMEDIATE');
    try {
      if (isNew(this)) {
        this.exec(format.schema);
        this.exec(`PRAGMA application_id = ${format.applicationId}; PRAGMA user_version = ${format.version}`);
      } else checkFormat(this, format);
      this.exec('COMMIT');
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** SQLite itself has rolled back after some errors (disk full, I/O); then there is nothing to undo. */
  #rollback(): void {
    if (this.#native.inTransaction) this.exec('ROLLBACK');
  }
}

export function text(value: SqlValue | undefined): string {
  if (typeof value !== 'string') throw new TypeError('The column holds no text');
  return value;
}

export function integer(value: SqlValue | undefined): number {
  if (!Number.isSafeInteger(value)) throw new TypeError('The column holds no safe integer');
  return Number(value);
}

export function blob(value: SqlValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('The column holds no blob');
  return value;
}

export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

function connect(path: string, readonly: boolean, busyTimeoutMs: number): Driver.Database {
  // The driver ignores its own `readonly`; SQLite's URI does not.
  if (readonly) return new Driver(`${pathToFileURL(path).href}?mode=ro`, { timeout: busyTimeoutMs });
  // SQLite gives a new file the umask's mode and its -wal and -shm the file's, so the file is made here.
  closeSync(openSync(path, 'a', 0o600));
  return new Driver(path, { timeout: busyTimeoutMs });
}

function isNew(database: Sqlite): boolean {
  return (
    database.pragma('application_id') === 0 &&
    database.pragma('user_version') === 0 &&
    database.query('SELECT 1 FROM sqlite_schema LIMIT 1').length === 0
  );
}

function checkFormat(database: Sqlite, format: FileFormat): void {
  if (database.pragma('application_id') !== format.applicationId) {
    throw new ForeignFileError(database.path, 'was not made for this use by Touchstone');
  }
  const version = database.pragma('user_version');
  if (version !== format.version) {
    throw new ForeignFileError(
      database.path,
      `has format ${String(version)}; this program reads ${format.version}`,
    );
  }
}

function isNotADatabase(error: unknown): boolean {
  return codeOf(error) === 'SQLITE_NOTADB';
}

/** Of the driver's library. Throws where it can't be loaded. */
export function engineVersions(): Readonly<Record<string, string>> {
  const database = new Driver(':memory:');
  try {
    const row: unknown = database.prepare('SELECT sqlite_version()').raw().get([]);
    return { sqlite: Array.isArray(row) ? String(row[0]) : 'unknown' };
  } finally {
    database.close();
  }
}
