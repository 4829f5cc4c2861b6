export { connectMongo } from './connection';
export type { MongoConnection } from './connection';
export { MongoDocumentStore } from './documents/store';
export { MongoGenesis } from './mongo-genesis';
export { MongoLogIndex } from './mongo-log-index';
export { MongoRelayCheckpoints } from './mongo-relay-checkpoints';
export { MongoSnapshots } from './mongo-snapshots';
export { MongoTaskBoard } from './mongo-task-board';
export { MongoVault } from './mongo-vault';
