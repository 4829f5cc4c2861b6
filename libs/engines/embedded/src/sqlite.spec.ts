import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '#libs/core';
import { blob, ForeignFileError, integer, Sqlite, text } from './sqlite';
import type { SqliteOptions } from './sqlite';

const format = {
  applicationId: 0x54737478,
  version: 3,
  schema: 'CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT UNIQUE, b BLOB, x)',
};

describe('sqlite', () => {
  let directory: string;
  let opened: Sqlite[];
  const open = (name: string, options: Partial<SqliteOptions> = {}): Sqlite => {
    const database = new Sqlite(join(directory, name), { format, ...options });
    opened.push(database);
    return database;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sqlite-'));
    opened = [];
  });
  afterEach(() => {
    for (const database of opened) database.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('returns rows as plain arrays, with the types that were stored', () => {
    const database = open('types.db');
    const insert = database.prepare('INSERT INTO t (i, r, s, b, x) VALUES (?, ?, ?, ?, ?)');
    expect(insert.run([2 ** 53 - 1, 1.5, 'né 客户 😀', Buffer.from('abcdef').subarray(2, 4), null])).toBe(1);
    insert.run([-(2 ** 53 - 1), 3, '', new Uint8Array(0), 7]);
    const select = database.prepare('SELECT i, r, s, b, x FROM t WHERE id = ?');
    const row = select.get([1]);
    expect(Array.isArray(row)).toBe(true);
    expect(row).toEqual([2 ** 53 - 1, 1.5, 'né 客户 😀', Buffer.from('cd'), null]);
    expect(Object.keys(row ?? [])).toEqual(['0', '1', '2', '3', '4']);
    expect(select.get([2])).toEqual([-(2 ** 53 - 1), 3, '', Buffer.alloc(0), 7]);
    expect(select.get([3])).toBeUndefined();
    expect(select.all([3])).toEqual([]);
    expect(database.query('SELECT typeof(i), typeof(r), typeof(s), typeof(b), typeof(x) FROM t')).toEqual([
      ['integer', 'real', 'text', 'blob', 'null'],
      ['integer', 'real', 'text', 'blob', 'real'],
    ]);
    expect([text(row?.[2]), integer(row?.[0]), blob(row?.[3]).length]).toEqual([
      'né 客户 😀',
      2 ** 53 - 1,
      2,
    ]);
    expect(() => text(row?.[0])).toThrow(TypeError);
    expect(() => integer(row?.[1])).toThrow(TypeError);
    expect(() => blob(row?.[4])).toThrow(TypeError);
  });

  it('tells a full disk as a fault of the engine, wherever it shows', () => {
    const database = open('full.db');
    database.query(`PRAGMA max_page_count = ${integer(database.pragma('page_count')) + 1}`);
    const big = new Uint8Array(100_000);
    const insert = 'INSERT INTO t (b) VALUES (?)';
    const full = { code: 'SQLITE_FULL', message: expect.stringContaining('full.db') };
    for (const ask of [
      () => database.query(insert, [big]),
      () => database.prepare(insert).run([big]),
      () => database.transaction(() => database.prepare(insert).run([big])),
      () => database.exec('INSERT INTO t (b) VALUES (zeroblob(100000))'),
    ]) {
      expect(ask).toThrow(EngineError);
      expect(ask).toThrow(expect.objectContaining(full));
    }
    expect(() => database.exec('no SQL')).toThrow(/^near/);
  });

  it('returns more rows than the driver fetches at once', () => {
    const database = open('many.db');
    const insert = database.prepare('INSERT INTO t (i) VALUES (?)');
    database.transaction(() => {
      for (let i = 0; i < 1001; i += 1) insert.run([i]);
    });
    const rows = database.prepare('SELECT i FROM t ORDER BY i LIMIT ?').all([1000]);
    expect(rows.map((row) => integer(row[0]))).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it('makes the file as asked, readable by its owner alone', () => {
    const database = open('made.db', { synchronous: 'NORMAL', walAutocheckpointPages: 77 });
    database.exec('INSERT INTO t (i) VALUES (1)');
    const pragmas = [
      'journal_mode',
      'page_size',
      'auto_vacuum',
      'secure_delete',
      'synchronous',
      'wal_autocheckpoint',
      'busy_timeout',
      'user_version',
    ];
    expect(pragmas.map((name) => database.pragma(name))).toEqual(['wal', 4096, 2, 1, 1, 77, 5000, 3]);
    for (const file of readdirSync(directory)) {
      expect([file, statSync(join(directory, file)).mode & 0o777]).toEqual([file, 0o600]);
    }
    expect(open('full.db').pragma('synchronous')).toBe(2);
  });

  it('shows commits to a read-only connection at once, and lets it write nothing', () => {
    const writer = open('a b?#%41.db');
    const insert = writer.prepare('INSERT INTO t (i) VALUES (?)');
    const reader = open('a b?#%41.db', { readonly: true });
    const count = reader.prepare('SELECT count(*) FROM t');
    for (let i = 1; i <= 3; i += 1) {
      insert.run([i]);
      expect(count.get([])).toEqual([i]);
    }
    writer.exec('BEGIN IMMEDIATE');
    insert.run([4]);
    expect(count.get([])).toEqual([3]);
    writer.exec('COMMIT');
    expect(count.get([])).toEqual([4]);
    expect(() => reader.exec('DELETE FROM t')).toThrow(/readonly/);
    expect(readdirSync(directory).toSorted()).toEqual(['a b?#%41.db', 'a b?#%41.db-shm', 'a b?#%41.db-wal']);
  });

  it('keeps no read open between calls: the whole write-ahead log can be emptied', () => {
    const writer = open('held.db');
    const reader = open('held.db', { readonly: true });
    writer.exec('INSERT INTO t (i) VALUES (1), (2), (3)');
    const one = reader.prepare('SELECT i FROM t ORDER BY id');
    expect(one.get([])).toEqual([1]);
    expect(one.all([]).length).toBe(3);
    writer.exec('INSERT INTO t (i) VALUES (4)');
    expect(writer.query('PRAGMA wal_checkpoint(TRUNCATE)')).toEqual([[0, 0, 0]]);
  });

  it('reads several times from one commit in a snapshot', () => {
    const writer = open('snapshot.db');
    const reader = open('snapshot.db', { readonly: true });
    const count = reader.prepare('SELECT count(*) FROM t');
    const counts = reader.snapshot(() => {
      const before = count.get([]);
      writer.exec('INSERT INTO t (i) VALUES (1)');
      return [before, count.get([])];
    });
    expect(counts).toEqual([[0], [0]]);
    expect(count.get([])).toEqual([1]);
  });

  it('rolls back what threw, and the connection goes on', () => {
    const database = open('tx.db');
    const insert = database.prepare('INSERT INTO t (s) VALUES (?)');
    insert.run(['taken']);
    expect(() =>
      database.transaction(() => {
        insert.run(['new']);
        insert.run(['taken']);
      }),
    ).toThrow(/UNIQUE/);
    expect(database.inTransaction).toBe(false);
    expect(database.transaction(() => insert.run(['newer']))).toBe(1);
    expect(database.query('SELECT s FROM t ORDER BY id')).toEqual([['taken'], ['newer']]);
  });

  it('waits for another writer no longer than it was told', () => {
    const first = open('busy.db');
    const second = open('busy.db', { busyTimeoutMs: 20 });
    first.exec('BEGIN IMMEDIATE');
    expect(() => second.transaction(() => 1)).toThrow(/locked/);
    first.exec('COMMIT');
    expect(second.transaction(() => 1)).toBe(1);
  });

  it('refuses files of others, by their path, and leaves them alone', () => {
    writeFileSync(join(directory, 'junk.db'), 'no database at all'.repeat(300));
    open('other.db', { format: { ...format, applicationId: 1 } }).close();
    open('newer.db', { format: { ...format, version: 4 } }).close();
    const plain = open('plain.db', { format: { ...format, applicationId: 0, version: 0 } });
    plain.close();
    for (const name of ['junk.db', 'other.db', 'newer.db', 'plain.db']) {
      for (const readonly of [false, true]) {
        expect(() => open(name, { readonly })).toThrow(ForeignFileError);
        expect(() => open(name, { readonly })).toThrow(join(directory, name));
      }
    }
    expect(() => open('absent.db', { readonly: true })).toThrow(/absent\.db does not exist/);
    expect(readdirSync(directory)).not.toContain('absent.db');
  });

  it('reopens what it made, also from an empty file', () => {
    writeFileSync(join(directory, 'empty.db'), '');
    open('empty.db').exec('INSERT INTO t (i) VALUES (9)');
    opened.pop()?.close();
    expect(open('empty.db').query('SELECT i FROM t')).toEqual([[9]]);
    expect(open('empty.db', { readonly: true }).query('SELECT i FROM t')).toEqual([[9]]);
  });

  it('answers nothing once closed', () => {
    const database = open('closed.db');
    const count = database.prepare('SELECT count(*) FROM t');
    database.close();
    database.close();
    expect(() => count.get([])).toThrow(/closed/);
    expect(() => database.exec('SELECT 1')).toThrow(/not open/);
  });

  it('leaves no deleted byte in the file', () => {
    const database = open('erased.db');
    database.exec(`INSERT INTO t (s) VALUES ('${'SECRET'.repeat(2000)}')`);
    database.exec('DELETE FROM t');
    database.compact();
    expect(readFileSync(join(directory, 'erased.db')).includes('SECRETSECRET')).toBe(false);
    expect(statSync(join(directory, 'erased.db-wal')).size).toBe(0);
  });
});
