import * as os from 'node:os';
import { MongoClient } from 'mongodb';
import type { MongoClientOptions } from 'mongodb';
import type { Checkpoint, DocumentGroup, DocumentsDefinition } from '#libs/core';
import { until } from '../../../../test/engines/mongodb/node';
import type { MongodNode } from '../../../../test/engines/mongodb/node';
import { ScratchDatabase } from '../../../../test/engines/mongodb/scratch-database';
import { startMongoDB } from '../../../../test/engines/mongodb/start';
import type { MongoSet } from '../../../../test/engines/mongodb/start';
import { MongoConnection } from './connection';
import { MongoDocumentStore } from './documents/store';
import { APP_NAME } from './forgotten-transactions';
import { MongoRelayCheckpoints } from './mongo-relay-checkpoints';

const DEADLINE_MS = 120_000;
jest.setTimeout(DEADLINE_MS);
/** For an election, and until every driver has found its primary. */
const ELECTION_MS = 20_000;
const PROJECTION: DocumentsDefinition = { name: 'counts', version: 1, indexes: [] };
/** What a node confirms and applies it does not come to know as committed: its majority reads stay as they are. */
const UNAWARE = 'disableSnapshotting';
const OPTIONS: MongoClientOptions = {
  appName: APP_NAME,
  readConcern: { level: 'majority' },
  runtimeAdapters: { os }, // The driver would import it by itself, which jest's sandbox does not allow.
};
const FIRST = { topicId: 't', position: 1, sequence: 1 };
const SECOND = { topicId: 't', position: 2, sequence: 2 };

const at = (offset: number): Checkpoint => ({ topicId: 't', offset, position: offset });

/** Adds 1 to what it reads, a commit a step: a projector whose cache does not have the document. */
class ReadingCounter {
  committed = 0;

  constructor(private readonly group: DocumentGroup) {}

  async step(): Promise<string> {
    const [count = 0, applied = 0] = await this.stored();
    const outcome = await this.group.commit({
      partition: 0,
      expected: this.committed === 0 ? undefined : at(this.committed),
      next: at(this.committed + 1),
      documents: [{ projection: 'counts', key: 'k', document: { count: count + 1 } }],
      progress: [{ stream: 's', revision: applied, position: this.committed }],
    });
    if (outcome === 'committed') this.committed += 1;
    return outcome;
  }

  async stored(): Promise<readonly [count: number | undefined, applied: number | undefined]> {
    const [document] = await this.group.getMany('counts', ['k']);
    const [progress] = await this.group.progress(['s']);
    return [document && Number(document['count']), progress && progress.revision + 1];
  }
}

describe('mongodb: a primary that has confirmed nothing yet', () => {
  let set: MongoSet;
  let scratch: ScratchDatabase;

  beforeAll(async () => {
    set = await startMongoDB({ nodes: 3 });
    scratch = new ScratchDatabase('touchstone_test_elections', set.address);
  });
  afterAll(async () => {
    await scratch.close();
    await set.stop();
  });

  it('is asked for nothing older than what was acknowledged before it was elected', async () => {
    const store = await MongoDocumentStore.open(await scratch.connect());
    const counter = new ReadingCounter(await store.open('main', [PROJECTION]));
    const relay = new MongoRelayCheckpoints(await scratch.connect());
    expect(await counter.step()).toBe('committed');
    expect(await relay.save(undefined, FIRST)).toBe(true);
    const client = new MongoClient(set.address, OPTIONS);
    const theirs = new MongoRelayCheckpoints(new MongoConnection(client, scratch.database));
    expect(await theirs.load()).toEqual(FIRST);
    const primary = await set.primary();
    const others = set.nodes.filter((node) => node !== primary);
    await Promise.all(others.map((node) => turn(node, 'alwaysOn')));
    expect(await counter.step()).toBe('committed');
    expect(await relay.save(FIRST, SECOND)).toBe(true);

    // Who wrote reads, and who has seen nothing of it: one in the midst of it, one that begins only now.
    const inTheMidst = primaryLost(client).then(() => theirs.load());
    await primary.kill();
    const step = counter.step();
    const late = scratch.connect().then((connection) => new MongoRelayCheckpoints(connection).load());
    const next = await set.primary();
    await until('all three wait', ELECTION_MS, async () => (await readsUnderWay(next)) === 3);
    await Promise.all(others.map((node) => turn(node, 'off')));
    // The two left may take a minute to agree on who follows whom; and what they confirmed shows from the next entry on.
    await set.restart();

    expect(await step).toBe('committed');
    expect(await counter.stored()).toEqual([3, 3]);
    expect([await inTheMidst, await late]).toEqual([SECOND, SECOND]);
    await client.close();
  });
});

/** The driver has found out: what is read now waits for the next one. */
function primaryLost(client: MongoClient): Promise<void> {
  return new Promise((resolve) => {
    client.on('topologyDescriptionChanged', ({ newDescription }) => {
      if (newDescription.type === 'ReplicaSetNoPrimary') resolve();
    });
  });
}

async function turn(node: MongodNode, mode: 'alwaysOn' | 'off'): Promise<void> {
  await node.command({ configureFailPoint: UNAWARE, mode });
}

/** Reads of ours that the node has not answered yet. */
async function readsUnderWay(node: MongodNode): Promise<number> {
  const reads = { appName: APP_NAME, active: true, 'command.find': { $exists: true } };
  const { inprog } = await node.command({ currentOp: true, ...reads });
  return Array.isArray(inprog) ? inprog.length : 0;
}
