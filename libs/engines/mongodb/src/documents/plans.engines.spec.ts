import type { DocumentQuery, DocumentsDefinition } from '#libs/core';
import type { Collection, Document } from 'mongodb';
import { ScratchDatabase } from '../../../../../test/engines/mongodb/scratch-database';
import { MongoLogIndex } from '../mongo-log-index';
import { documentsName, progressName, whereParked } from './definition';
import type { StoredDocument } from './definition';
import { PlannedQuery } from './find';
import { GroupRegistry } from './registry';
import { MongoDocumentStore } from './store';

const PATIENCE_MS = 60_000;
jest.setTimeout(PATIENCE_MS);

const timeline: DocumentsDefinition = {
  name: 'timeline',
  version: 1,
  indexes: [
    { name: 'by-time', fields: ['_customer', 'at', 'revision'], covers: ['channel', 'kind'] },
    { name: 'by-revision', fields: ['_customer', 'revision'] },
  ],
  words: { field: 'words', scope: '_customer' },
};
const DOCUMENTS = 400;
const LIMIT = 5;

describe('mongodb: plans of queries', () => {
  const scratch = new ScratchDatabase('touchstone_test_plans');
  let collection: Collection<StoredDocument>;

  beforeAll(async () => {
    const connection = await scratch.connect();
    const group = await (await MongoDocumentStore.open(connection)).open('main', [timeline]);
    const documents = Array.from({ length: DOCUMENTS }, (_, i) => ({
      projection: 'timeline',
      key: `k${String(i).padStart(4, '0')}`,
      document: {
        _customer: i % 2 === 0 ? 'x' : 'y',
        at: `2026-01-01T00:00:00.${String(i).padStart(3, '0')}Z`,
        revision: i,
        channel: 'email',
        kind: 'message',
        words: 'one two',
      },
    }));
    const next = { topicId: 't', offset: 1, position: 1 };
    await group.commit({ partition: 0, expected: undefined, next, documents, progress: [] });
    const prefix = (await new GroupRegistry(connection).get('main'))?.prefix ?? '';
    collection = connection.main.collection(documentsName(prefix, timeline));
  });
  afterAll(() => scratch.dispose());

  const noon = '2026-01-01T00:00:00.100Z';
  const queries: readonly (readonly [Partial<DocumentQuery>, examined: number])[] = [
    [{}, LIMIT + 1],
    [{ equals: {} }, LIMIT + 1],
    [{ from: noon }, LIMIT + 1],
    [{ to: noon }, LIMIT + 1],
    [{ from: noon, to: '2026-01-01T00:00:00.300Z' }, LIMIT + 1],
    [{ equals: { _customer: 'x', channel: 'email', kind: 'message' } }, LIMIT + 1],
    [{ equals: { _customer: 'x', at: noon } }, 1],
    [{ equals: { _customer: 'x', at: noon, revision: 100 } }, 1],
    [{ words: ['one', 'tw'] }, LIMIT + 1],
    [{ index: 'by-revision', from: 7 }, LIMIT + 1],
    // What is not leading its index is looked for among a customer's documents.
    [{ equals: { _customer: 'x', revision: 100 } }, DOCUMENTS / 2],
  ];

  it.each(queries)('reads the index in its order and sorts nothing: %j', async (change, examined) => {
    for (const order of ['asc', 'desc'] as const) {
      for (const cursor of [undefined, 'after']) {
        const query = { index: 'by-time', equals: { _customer: 'x' }, order, limit: LIMIT, ...change };
        const planned = new PlannedQuery(timeline, query);
        const first = await collection.findOne({ _id: 'k0100' });
        if (first === null) throw new Error('nothing was stored');
        const { filter, options } = planned.plan(cursor === undefined ? undefined : planned.placeOf(first));
        const explained = await collection.find(filter, options).explain('executionStats').catch(emptyRange);
        expect(stagesOf(explained)).toEqual(expect.arrayContaining(['IXSCAN']));
        expect(stagesOf(explained).filter((stage) => /SORT|COLLSCAN|OR/.test(stage))).toEqual([]);
        expect(JSON.stringify(explained)).toContain(`"indexName":"${query.index}"`);
        expect(explained['executionStats'].totalKeysExamined).toBeLessThanOrEqual(examined);
      }
    }
  });

  it('looks keys up by the key alone', async () => {
    const byKeys = await collection.find({ _id: { $in: ['k0001', 'k0002'] } }).explain('executionStats');
    const scan = await collection
      .find({ _id: { $gt: 'k0001' } })
      .sort({ _id: 1 })
      .limit(LIMIT)
      .explain('executionStats');
    for (const explained of [byKeys, scan]) {
      expect(stagesOf(explained).filter((stage) => /SORT|COLLSCAN/.test(stage))).toEqual([]);
      expect(explained['executionStats'].totalDocsExamined).toBeLessThanOrEqual(LIMIT);
    }
  });
});

describe('mongodb: plans of queries by words that have an index', () => {
  const scratch = new ScratchDatabase('touchstone_test_word_plans');
  afterAll(() => scratch.dispose());

  it('read what has the rarest word, and no other document', async () => {
    const connection = await scratch.connect();
    const words = { field: 'words', scope: '_customer', indexed: true } as const;
    const definition: DocumentsDefinition = { ...timeline, words };
    const group = await (await MongoDocumentStore.open(connection)).open('main', [definition]);
    const documents = Array.from({ length: DOCUMENTS }, (_, i) => {
      const document = { _customer: 'x', at: 'a', revision: i, words: `one number${i}` };
      return { projection: 'timeline', key: `k${i}`, document };
    });
    await group.commit({ partition: 0, expected: undefined, next: undefined, documents, progress: [] });
    const prefix = (await new GroupRegistry(connection).get('main'))?.prefix ?? '';
    const stored = connection.main.collection<StoredDocument>(documentsName(prefix, definition));
    for (const order of ['asc', 'desc'] as const) {
      const query = {
        index: 'by-time',
        equals: { _customer: 'x' },
        words: ['one', 'number17'],
        order,
        limit: LIMIT,
      };
      const planned = new PlannedQuery(definition, query);
      for (const place of [undefined, ['a', 100, 'k100']]) {
        const { filter, options } = planned.plan(place);
        const explained = await stored.find(filter, options).explain('executionStats');
        expect(JSON.stringify(explained)).toContain('"indexName":"words"');
        // 17 and 170 to 179, and one to see that there are no more.
        expect(explained['executionStats'].totalKeysExamined).toBeLessThanOrEqual(12);
        expect(stagesOf(explained)).not.toContain('COLLSCAN');
      }
    }
  });
});

describe('mongodb: plans of what is parked', () => {
  const scratch = new ScratchDatabase('touchstone_test_parked_plans');
  afterAll(() => scratch.dispose());

  it('reads the few that are parked and none of the others', async () => {
    const connection = await scratch.connect();
    const group = await (await MongoDocumentStore.open(connection)).open('main', [timeline]);
    const progress = Array.from({ length: DOCUMENTS }, (_, i) => {
      const parked = { since: '2026-01-01T00:00:00.000Z', reason: 'a fold' };
      return { stream: `s${i}`, revision: i, position: i, ...(i % 100 === 7 ? { parked } : {}) };
    });
    await group.commit({ partition: 0, expected: undefined, next: undefined, documents: [], progress });
    const prefix = (await new GroupRegistry(connection).get('main'))?.prefix ?? '';
    const stored = connection.main.collection<{ _id: string }>(progressName(prefix));
    const questions = [
      stored.find(whereParked()).sort({ _id: 1 }).limit(100),
      stored
        .find({ ...whereParked('s1'), retry: true })
        .sort({ _id: 1 })
        .limit(100),
      stored.aggregate([{ $match: whereParked() }, { $group: { _id: 1, n: { $sum: 1 } } }]),
    ];
    for (const question of questions) {
      const explained: unknown = await question.explain('executionStats');
      expect(stagesOf(explained).filter((stage) => /^SORT|COLLSCAN/.test(stage))).toEqual([]);
      expect(JSON.stringify(explained)).toMatch(/"totalKeysExamined":[0-5],/);
      expect(JSON.stringify(explained)).toContain('"indexName":"parked"');
    }
    expect(await group.countParked()).toBe(DOCUMENTS / 100);
  });
});

describe('mongodb: plans of the log index', () => {
  const scratch = new ScratchDatabase('touchstone_test_log_plans');
  afterAll(() => scratch.dispose());

  it('finds keys, states and streams by an index each', async () => {
    const connection = await scratch.connect();
    const index = await MongoLogIndex.open(connection);
    const about = { target: 'e1', role: 'state' } as const;
    const entries = Array.from({ length: DOCUMENTS }, (_, i) => {
      return { eventId: `e${i}`, stream: `s${i % 100}`, revision: Math.floor(i / 100), key: `k${i}`, about };
    });
    await index.reserve(entries);
    const stored = connection.vault.collection('log_index');
    const questions = [
      stored.find({ key: { $in: ['k1', 'k2'] } }),
      stored.find({ stateOf: { $in: ['e7'] }, forgotten: { $exists: false } }),
      stored.find({ revision: 0, stream: { $gt: 's50' } }, { sort: { stream: 1 }, limit: LIMIT }),
    ];
    for (const question of questions) {
      const explained = await question.explain('executionStats');
      expect(stagesOf(explained).filter((stage) => /SORT|COLLSCAN/.test(stage))).toEqual([]);
      expect(explained['executionStats'].totalDocsExamined).toBeLessThanOrEqual(LIMIT);
    }
  });
});

/** A cursor at the one document that a query asks for leaves nothing: the server says so instead of planning. */
function emptyRange(error: unknown): Document {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 51_175) throw error;
  return { stage: 'IXSCAN', indexName: 'by-time', executionStats: { totalKeysExamined: 0 } };
}

function stagesOf(explained: unknown): string[] {
  if (typeof explained !== 'object' || explained === null) return [];
  return Object.entries(explained).flatMap(([name, value]: [string, unknown]) =>
    name === 'stage' && typeof value === 'string' ? [value] : stagesOf(value),
  );
}
