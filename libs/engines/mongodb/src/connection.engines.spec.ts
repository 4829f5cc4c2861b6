import * as os from 'node:os';
import { MongoClient, Timestamp } from 'mongodb';
import type { Document } from 'mongodb';
import { mongoUrl, ScratchDatabase } from '../../../../test/engines/mongodb/scratch-database';
import { MongoConnection } from './connection';
import { MongoDocumentStore } from './documents/store';
import { MongoLogIndex } from './mongo-log-index';
import { MongoRelayCheckpoints } from './mongo-relay-checkpoints';
import { MongoTaskBoard } from './mongo-task-board';
import { MongoVault } from './mongo-vault';

const scratch = new ScratchDatabase('touchstone_test_connection');
const ROW = { customerId: '01930000-0000-7000-8000-00000000000a', version: 1, body: 'a' };
const READS: readonly string[] = ['find', 'aggregate'];

/** What goes over the wire of one connection. */
class Wire {
  readonly connection: MongoConnection;
  readonly reads: Document[] = [];
  /** Of the last commit or single write. */
  written: Timestamp | undefined;
  readonly #client = new MongoClient(mongoUrl(), { monitorCommands: true, runtimeAdapters: { os } });

  constructor() {
    this.connection = new MongoConnection(this.#client, scratch.database);
    this.#client.on('commandStarted', ({ commandName, command }) => {
      if (READS.includes(commandName)) this.reads.push(command);
    });
    this.#client.on('commandSucceeded', ({ commandName, reply }) => {
      if (commandName === 'commitTransaction' || commandName === 'update') this.written = timeOf(reply);
    });
  }
}

it('reads of every kind ask for the state after what was written last', async () => {
  const wire = new Wire();
  const { connection } = wire;
  try {
    const store = await MongoDocumentStore.open(connection);
    const definition = { name: 'things', version: 1, indexes: [{ name: 'by-n', fields: ['n'] }] };
    const group = await store.open('main', [definition]);
    const vault = await MongoVault.open(connection);
    const index = await MongoLogIndex.open(connection);
    const board = await MongoTaskBoard.open(connection);
    const relay = new MongoRelayCheckpoints(connection);
    const page = { index: 'by-n', equals: {}, order: 'asc', limit: 1 } as const;
    const reads: readonly (() => Promise<unknown>)[] = [
      () => group.getMany('things', ['k']),
      () => group.find('things', page),
      () => group.scan('things', undefined, 1),
      () => group.progress(['s']),
      () => group.checkpoint(0),
      () => group.checkpoints(),
      () => group.parked(undefined, 1),
      () => group.countParked(),
      () => store.groups(),
      () => store.madeWith('main'),
      () => store.pointers(),
      () => vault.secrets(),
      () => vault.rows([ROW.customerId]),
      () => vault.lookup(['i']),
      () => vault.copy(undefined, 1),
      () => vault.copy('e', 1),
      () => vault.apiKeys(),
      () => index.find(['e']),
      () => index.states(['e']),
      () => index.streams(undefined, 1),
      () => relay.load(),
      () => board.find('t'),
    ];
    const documents = [{ projection: 'things', key: 'k', document: { n: 1 } }];
    const batch = { partition: 0, expected: undefined, next: undefined, documents, progress: [] };
    const writes: readonly (() => Promise<unknown>)[] = [
      () => group.commit(batch),
      () => vault.putApiKey({ keyId: 'k', hash: 'h', name: 'n', roles: [], createdAt: 'now' }),
    ];
    for (const write of writes) {
      for (const read of reads) {
        await write();
        const { written } = wire;
        if (written === undefined) throw new Error('nothing was written');
        wire.reads.length = 0;
        await read();
        expect(wire.reads.length).toBeGreaterThan(0);
        for (const command of wire.reads) {
          expect(command['readConcern']?.afterClusterTime?.greaterThanOrEqual(written)).toBe(true);
        }
      }
    }
  } finally {
    await connection.close();
    await scratch.dispose();
  }
});

function timeOf(reply: unknown): Timestamp {
  const time = typeof reply === 'object' && reply !== null && 'operationTime' in reply && reply.operationTime;
  if (!(time instanceof Timestamp)) throw new Error('the server told no time');
  return time;
}
