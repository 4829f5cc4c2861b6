import * as os from 'node:os';
import { MongoClient } from 'mongodb';
import { mongoUrl, ScratchDatabase } from '../../../../test/engines/mongodb/scratch-database';
import { APP_NAME } from './forgotten-transactions';

interface Thing {
  readonly _id: string;
  readonly by: string;
}

/** Well under the minute after which the server itself ends a transaction. */
const DEADLINE_MS = 20_000;
const scratch = new ScratchDatabase('forgotten-transactions');
const THING = { _id: 'x' };

afterEach(() => scratch.dispose());

/** A process that dies in a transaction leaves just this: a session that nobody goes on with. */
async function begunAndLeft(appName: string): Promise<MongoClient> {
  const client = new MongoClient(mongoUrl(), { appName, runtimeAdapters: { os } });
  const session = client.startSession();
  session.startTransaction();
  const things = client.db(scratch.database).collection<Thing>('things');
  await things.updateOne(THING, { $set: { by: 'the dead' } }, { session });
  return client;
}

it(
  'writes what a dead process has begun to write, and has none of it',
  async () => {
    const connection = await scratch.connect();
    const things = connection.main.collection<Thing>('things');
    await things.insertOne({ ...THING, by: 'nobody' });
    const dead = await begunAndLeft(APP_NAME);
    const before = await connection.transaction('write', async (session) => {
      return things.findOneAndUpdate(THING, { $set: { by: 'the living' } }, { session });
    });
    expect(before?.by).toBe('nobody');
    expect((await things.findOne(THING))?.by).toBe('the living');
    await dead.close();
  },
  DEADLINE_MS,
);
