import { EngineError } from '#libs/core';
import type { Checkpoint, DocumentGroup, DocumentsDefinition } from '#libs/core';
import { ScratchDatabase } from '../../../../test/engines/mongodb/scratch-database';
import { startMongoDB, startStandaloneMongod } from '../../../../test/engines/mongodb/start';
import type { MongoSet } from '../../../../test/engines/mongodb/start';
import { connectMongo } from './connection';
import { MongoDocumentStore } from './documents/store';
import { MongoLogIndex } from './mongo-log-index';
import { MongoRelayCheckpoints } from './mongo-relay-checkpoints';
import { MongoVault } from './mongo-vault';

const DEADLINE_MS = 120_000;
jest.setTimeout(DEADLINE_MS);
const PROJECTION: DocumentsDefinition = { name: 'counts', version: 1, indexes: [] };
/** More than the driver tries by itself; a commit is also tried again by us before its transaction is. */
const LOST_ANSWERS = 3;
const LOST_COMMITS = 7;
const ANNA = '01930000-0000-7000-8000-00000000000a';

const at = (offset: number): Checkpoint => ({ topicId: 't', offset, position: offset });

/** Counts up in one document, a commit a step, and knows how many were acknowledged. */
class Counter {
  committed = 0;
  fenced = 0;

  constructor(
    private readonly group: DocumentGroup,
    private readonly partition: number,
  ) {}

  async step(): Promise<void> {
    const { partition } = this;
    const outcome = await this.group.commit({
      partition,
      expected: this.committed === 0 ? undefined : at(this.committed),
      next: at(this.committed + 1),
      documents: [{ projection: 'counts', key: `p${partition}`, document: { count: this.committed + 1 } }],
      progress: [{ stream: `s${partition}`, revision: this.committed, position: this.committed }],
    });
    if (outcome === 'fenced') this.fenced += 1;
    else this.committed += 1;
  }

  async stored(): Promise<readonly unknown[]> {
    const [document] = await this.group.getMany('counts', [`p${this.partition}`]);
    const checkpoint = await this.group.checkpoint(this.partition);
    const [progress] = await this.group.progress([`s${this.partition}`]);
    return [document?.['count'], checkpoint?.offset, progress && progress.revision + 1];
  }
}

describe('mongodb: faults', () => {
  let set: MongoSet;
  let scratch: ScratchDatabase;

  beforeAll(async () => {
    set = await startMongoDB({ nodes: 3 });
    scratch = new ScratchDatabase('touchstone_test_faults', set.address);
  });
  afterEach(() => scratch.dispose());
  afterAll(() => set.stop());

  const counters = async (count: number): Promise<readonly Counter[]> => {
    const store = await MongoDocumentStore.open(await scratch.connect());
    const group = await store.open('main', [PROJECTION]);
    return Array.from({ length: count }, (_, partition) => new Counter(group, partition));
  };
  /** These commands are carried out, but their sender hears that nobody knows. */
  const unsure = async (commands: readonly string[]): Promise<void> => {
    const times = commands.includes('commitTransaction') ? LOST_COMMITS : LOST_ANSWERS;
    const data = { failCommands: commands, writeConcernError: { code: 64, errmsg: 'waiting timed out' } };
    await (await set.primary()).command({ configureFailPoint: 'failCommand', mode: { times }, data });
  };
  const off = async (): Promise<void> => {
    await (await set.primary()).command({ configureFailPoint: 'failCommand', mode: 'off' });
  };

  it('commits every batch once while primaries are killed', async () => {
    const all = await counters(4);
    const killing = new AbortController();
    const work = all.map(async (counter) => {
      while (!killing.signal.aborted) await counter.step();
    });
    for (let kill = 0; kill < 2; kill++) {
      const before = all.map(({ committed }) => committed);
      await set.kill();
      await set.restart();
      await Promise.all(all.map(async (counter, i) => progressed(counter, (before[i] ?? 0) + 3)));
    }
    killing.abort();
    await Promise.all(work);
    for (const counter of all) {
      expect(counter.fenced).toBe(0);
      expect(await counter.stored()).toEqual(Array(3).fill(counter.committed));
    }
  });

  it('knows its own commit again whose answer was lost', async () => {
    const [counter] = await counters(1);
    if (counter === undefined) throw new Error('no counter');
    for (let round = 0; round < 2; round++) {
      await unsure(['commitTransaction']);
      await counter.step();
      await off();
      expect([counter.committed, counter.fenced]).toEqual([round + 1, 0]);
      expect(await counter.stored()).toEqual(Array(3).fill(round + 1));
    }
  });

  it('knows its own vault writes, moves and claims again whose answers were lost', async () => {
    const connection = await scratch.connect();
    const vault = await MongoVault.open(connection);
    const index = await MongoLogIndex.open(connection);
    const relay = new MongoRelayCheckpoints(connection);
    const entry = { index: 'i1', customerId: ANNA, linkedBy: 'e1' };
    const single = ['insert', 'update', 'findAndModify'];
    const lossy = async (write: () => Promise<unknown>, commands = single): Promise<unknown> => {
      await unsure(commands);
      const result = await write();
      await off();
      return result;
    };
    const key = 'k'.repeat(22);
    const reserved = { eventId: 'e1', stream: 's', revision: 0, key };
    const written = { outcome: 'written' };
    expect(await lossy(() => vault.write({ row: { customerId: ANNA, version: 1, body: 'a' } }))).toEqual(
      written,
    );
    expect(await lossy(() => vault.write({ row: { customerId: ANNA, version: 2, body: 'b' } }))).toEqual(
      written,
    );
    const both = { row: { customerId: ANNA, version: 3, body: 'c' }, entries: [entry] };
    expect(await lossy(() => vault.write(both), ['commitTransaction'])).toEqual(written);
    const fresh = {
      row: { customerId: 'other', version: 1, body: 'd' },
      entries: [{ ...entry, index: 'i2', customerId: 'other' }],
    };
    expect(await lossy(() => vault.write(fresh), ['commitTransaction'])).toEqual(written);
    expect(await lossy(() => vault.createSecrets('secrets'))).toBeUndefined();
    expect(await lossy(() => relay.save(undefined, { topicId: 't', position: 1, sequence: 1 }))).toBe(true);
    expect(
      await lossy(() =>
        relay.save({ topicId: 't', position: 1, sequence: 1 }, { topicId: 't', position: 2, sequence: 2 }),
      ),
    ).toBe(true);
    expect(await lossy(() => index.reserve([reserved]))).toEqual([]);
    const later = { ...reserved, eventId: 'e2', revision: 5 };
    const held = { key, stream: 's', revision: 0, confirmed: false };
    expect(await lossy(() => index.take(held, later), ['commitTransaction'])).toBe(true);
    expect(await index.find([key])).toEqual([{ stream: 's', revision: 5, confirmed: false }]);
    expect(await vault.rows([ANNA])).toEqual([both.row]);
    expect(await relay.load()).toEqual({ topicId: 't', position: 2, sequence: 2 });
  });

  it('tells a fault as an EngineError without what was written', async () => {
    const vault = await MongoVault.open(await scratch.connect());
    await vault.createSecrets('first secret');
    const data = { failCommands: ['find'], errorCode: 8000 };
    await (await set.primary()).command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data });
    const fault = await vault.rows(['a-customer']).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(EngineError);
    const refused = await vault.createSecrets('second secret').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EngineError);
    for (const error of [fault, refused]) expect(String(error)).not.toMatch(/secret'|a-customer|dup key/);
  });

  it('knows how far the server’s clock is off', async () => {
    expect(Math.abs(await (await scratch.connect()).serverClockSkewMs())).toBeLessThan(1_000);
  });
});

describe('mongodb: connecting', () => {
  it('refuses a standalone server, with or without the name of a set', async () => {
    const server = await startStandaloneMongod();
    try {
      for (const url of [server.address, `${server.address}?replicaSet=rs0`]) {
        await expect(connectMongo(url, { database: 'x' })).rejects.toThrow('not a member of a replica set');
      }
    } finally {
      await server.stop();
    }
  });

  it('gives up in time where nobody listens', async () => {
    const connecting = connectMongo('mongodb://127.0.0.1:9/?replicaSet=rs0', {
      database: 'x',
      connectingMs: 1,
    });
    await expect(connecting).rejects.toThrow(EngineError);
    await expect(connectMongo('http://user:secret@x/', { database: 'x' })).rejects.toThrow(/^(?!.*secret)/);
  });
});

async function progressed(counter: Counter, committed: number): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (counter.committed < committed) {
    if (Date.now() > deadline) throw new Error('no commit since the kill');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
