import { documentStoreContract } from '#libs/testing';
import { ScratchDatabase } from '../../../../../test/engines/mongodb/scratch-database';
import { MongoDocumentStore } from './store';

const PATIENCE_MS = 60_000;
jest.setTimeout(PATIENCE_MS);

it('fences who wrote before another process did, also where that moved no checkpoint', async () => {
  const scratch = new ScratchDatabase('touchstone_test_fencing');
  try {
    const definition = { name: 'counts', version: 1, indexes: [] };
    const open = async () =>
      (await MongoDocumentStore.open(await scratch.connect())).open('g1', [definition]);
    const [ours, theirs] = [await open(), await open()];
    const at = { topicId: 't', offset: 1, position: 1 };
    type Place = typeof at | undefined;
    const commit = (group: typeof ours, n: number, expected: Place, next: Place) => {
      const documents = [{ projection: 'counts', key: 'k', document: { n } }];
      return group.commit({ partition: 3, expected, next, documents, progress: [] });
    };
    expect(await theirs.checkpoint(3)).toBeUndefined();
    expect(await commit(ours, 1, undefined, undefined)).toBe('committed');
    expect(await commit(theirs, 9, undefined, at)).toBe('fenced');
    expect(await commit(ours, 1, undefined, at)).toBe('committed');
    expect(await theirs.checkpoint(3)).toEqual(at);
    expect(await commit(theirs, 2, at, at)).toBe('committed');
    expect(await commit(ours, 9, at, { ...at, offset: 2 })).toBe('fenced');
    expect(await ours.getMany('counts', ['k'])).toEqual([{ n: 2 }]);
    expect(await ours.checkpoint(3)).toEqual(at);
    expect(await commit(ours, 3, at, { ...at, offset: 2 })).toBe('committed');
    expect(await commit(theirs, 9, at, at)).toBe('fenced');
  } finally {
    await scratch.dispose();
  }
});

documentStoreContract('mongodb', async () => {
  const scratch = new ScratchDatabase('touchstone_test_documents');
  const connect = async (): Promise<MongoDocumentStore> => MongoDocumentStore.open(await scratch.connect());
  return {
    connect,
    restart: async () => {
      await scratch.close();
      return connect();
    },
    dispose: () => scratch.dispose(),
  };
});
