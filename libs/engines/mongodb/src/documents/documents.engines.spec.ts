import { documentStoreContract } from '#libs/testing';
import { ScratchDatabase } from '../../../../../test/engines/mongodb/scratch-database';
import { MongoDocumentStore } from './store';

const PATIENCE_MS = 60_000;
jest.setTimeout(PATIENCE_MS);

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
