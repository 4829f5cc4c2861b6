import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Document, DocumentQuery, DocumentsDefinition } from '#libs/core';
import { documentStoreContract, eventually } from '#libs/testing';
import { ForeignFileError, Sqlite } from '../sqlite';
import { findSql, shapeOf } from './find';
import { groupFormat } from './group';
import { EmbeddedDocumentStore } from './store';

const timeline: DocumentsDefinition = {
  name: 'timeline',
  version: 1,
  indexes: [
    {
      name: 'by-time',
      fields: ['_customer', 'occurredAt', 'revision'],
      covers: ['channel', 'kind', 'direction'],
    },
  ],
  words: { field: 'words', scope: '_customer' },
};

let directory: string;
let stores: EmbeddedDocumentStore[];
const connect = (readonly = false): EmbeddedDocumentStore => {
  const store = new EmbeddedDocumentStore({ directory: join(directory, 'documents'), readonly });
  stores.push(store);
  return store;
};
const closeAll = (): void => {
  for (const store of stores.splice(0)) store.close();
};
const begin = (): void => {
  directory = mkdtempSync(join(tmpdir(), 'documents-'));
  stores = [];
};
const end = (): void => {
  closeAll();
  rmSync(directory, { recursive: true, force: true });
};

documentStoreContract('embedded', async () => {
  begin();
  return {
    connect: async () => connect(),
    restart: async () => {
      closeAll();
      return connect();
    },
    dispose: async () => end(),
  };
});

describe('embedded document store', () => {
  beforeEach(begin);
  afterEach(end);

  const write = (key: string, document: Document | undefined) => ({ projection: 'timeline', key, document });
  const batch = (...documents: ReturnType<typeof write>[]) => ({
    partition: 0,
    expected: undefined,
    next: undefined,
    documents,
    progress: [],
  });

  const openFiles = (): readonly string[] =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(join('/proc/self/fd', fd))];
      } catch {
        return [];
      }
    });

  it('lets go of a group that another thread’s store has dropped', async () => {
    if (!existsSync('/proc/self/fd')) return;
    const [writing, reading] = [connect(), connect(true)];
    const group = await writing.open('g1', [timeline]);
    await group.commit(batch(write('a', { n: 1 })));
    await writing.point([{ projection: 'timeline', group: 'g1' }]);
    const read = await reading.open('g1', [timeline]);
    expect(await read.getMany('timeline', ['a'])).toEqual([{ n: 1 }]);
    await writing.drop('g1');
    await reading.pointers();
    // The driver closes a file when what it has prepared is collected.
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    await eventually('no file of it is open', async () => {
      collect();
      return !openFiles().some((file) => file.startsWith(join(directory, 'documents', 'g1.db')));
    });
  });

  const queries: readonly Partial<DocumentQuery>[] = [
    {},
    { from: 'a' },
    { to: 'b' },
    { from: 'a', to: 'b' },
    { equals: { _customer: 'x', channel: 'email' } },
    { equals: { _customer: 'x', revision: 1, kind: 'call' }, to: 'b' },
    { equals: { _customer: 'x', occurredAt: 'y' }, from: 3 },
    { equals: { _customer: 'x', occurredAt: 'y', revision: 1 } },
    { words: ['one', 'two'] },
    { words: ['one'], from: 'a', equals: { _customer: 'x', channel: 'email' } },
  ];

  it.each(queries)('answers from the index alone, in its order: %j', (change) => {
    const database = new Sqlite(join(directory, 'plan.db'), { format: groupFormat([timeline]) });
    for (const order of ['asc', 'desc'] as const) {
      for (const after of [false, true]) {
        const query = { index: 'by-time', equals: { _customer: 'x' }, order, limit: 1, ...change };
        const sql = findSql(timeline, shapeOf(timeline, query, after));
        const plan = database.query(`EXPLAIN QUERY PLAN ${sql}`).map((row) => String(row[3]));
        expect(plan).toHaveLength(1);
        expect(plan[0]).toMatch(/^SEARCH doc_timeline USING INDEX doc_timeline_by-time \(f__customer=\?/);
        const bounded = after || query.from !== undefined || query.to !== undefined;
        expect([after, bounded && !/[<>]/.test(plan[0] ?? '')]).toEqual([after, false]);
      }
    }
    database.close();
  });

  it.each([{}, { from: 'a', to: 'b' }, { equals: { _customer: 'x', channel: 'email' } }])(
    'finds by the index of words, where there is one, and looks at no other document: %j',
    (change) => {
      const definition = {
        ...timeline,
        words: { field: 'words', scope: '_customer', indexed: true as const },
      };
      const database = new Sqlite(join(directory, 'plan.db'), { format: groupFormat([definition]) });
      for (const order of ['asc', 'desc'] as const) {
        for (const after of [false, true]) {
          const query = {
            index: 'by-time',
            equals: { _customer: 'x' },
            words: ['one', 'two'],
            order,
            limit: 1,
          };
          const sql = findSql(definition, shapeOf(definition, { ...query, ...change }, after));
          const plan = database
            .query(`EXPLAIN QUERY PLAN ${sql}`)
            .map((row) => String(row[3]))
            .join('\n');
          expect(plan).toContain('SEARCH doc_timeline USING INDEX sqlite_autoindex_doc_timeline_1 (key=?)');
          expect(plan).toContain('SEARCH words_timeline USING PRIMARY KEY (word>? AND word<?)');
        }
      }
      database.close();
    },
  );

  it('looks keys up by the key alone', () => {
    const database = new Sqlite(join(directory, 'plan.db'), { format: groupFormat([timeline]) });
    const plans = [
      'SELECT key, doc FROM doc_timeline WHERE key IN (SELECT value FROM json_each(?))',
      'SELECT key, doc FROM doc_timeline WHERE key > ? ORDER BY key LIMIT ?',
    ].map((sql) => database.query(`EXPLAIN QUERY PLAN ${sql}`).map((row) => String(row[3]))[0]);
    expect(plans).toEqual([expect.stringContaining('(key=?)'), expect.stringContaining('(key>?)')]);
    database.close();
  });

  it('shows a read-only store what another one commits', async () => {
    const group = await connect().open('main', [timeline]);
    const reader = connect(true);
    const seen = await reader.open('main', [timeline]);
    await group.commit(batch(write('a', { id: 'a' })));
    expect(await seen.getMany('timeline', ['a'])).toEqual([{ id: 'a' }]);
    await expect(seen.commit(batch(write('a', undefined)))).rejects.toThrow('readonly');
    await expect(reader.drop('main')).rejects.toThrow('read-only');
    await expect(reader.point([])).rejects.toThrow('read-only');
    expect(await reader.pointers()).toEqual([]);
    await connect().point([{ projection: 'timeline', group: 'main' }]);
    expect(await reader.pointers()).toEqual([{ projection: 'timeline', group: 'main' }]);
  });

  it('makes nothing read-only', async () => {
    const reader = connect(true);
    await expect(reader.open('main', [timeline])).rejects.toThrow(/main\.db does not exist/);
    expect(await reader.groups()).toEqual([]);
    expect(existsSync(join(directory, 'documents'))).toBe(false);
  });

  it('refuses a file that is no group', async () => {
    const store = connect();
    writeFileSync(join(directory, 'documents', 'main.db'), 'not a database, certainly not a group');
    await expect(store.open('main', [timeline])).rejects.toThrow(ForeignFileError);
    await expect(store.open('pointers', [timeline])).rejects.toThrow(RangeError);
  });

  it('removes all files of a group', async () => {
    const store = connect();
    const group = await store.open('main', [timeline]);
    await (await connect(true).open('main', [timeline])).checkpoint(0);
    await group.commit(batch(write('a', { id: 'a' })));
    await store.drop('main');
    expect(readdirSync(join(directory, 'documents'))).toEqual([]);
    await expect(group.getMany('timeline', ['a'])).rejects.toThrow('closed');
  });

  it('refuses keys that the driver would change', async () => {
    const group = await connect().open('main', [timeline]);
    for (const key of ['a\0b', 'a\ud800', ''])
      await expect(group.commit(batch(write(key, {})))).rejects.toThrow(RangeError);
  });
});
