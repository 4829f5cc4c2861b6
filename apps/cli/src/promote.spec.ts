import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineVariables } from '#libs/distributed';
import { promoteVerb } from './promote';
import { distributedTarget } from './distributed-target';
import type { VerbContext } from './verb';

const GOOD = {
  TOUCHSTONE_EVENTSTORE_URL: 'esdb://admin:secret@store:2113?tls=false',
  TOUCHSTONE_KAFKA_BROKERS: 'a:9092, b:9092',
  TOUCHSTONE_MONGODB_URL: 'mongodb://user:secret@mongo:27017/ledger',
};

function context(dataDirectory: string): VerbContext {
  const output = { write: () => undefined };
  const connect = () => Promise.reject(new Error('promote asks no server'));
  return { connect, dataDirectory, stdout: output, stderr: output, isTTY: false, json: false };
}

it('reads where to from the environment, the root key from beside the data directory', () => {
  expect(distributedTarget(engineVariables, GOOD, '/ledger/data')).toEqual({
    eventStoreUrl: GOOD.TOUCHSTONE_EVENTSTORE_URL,
    kafkaBrokers: ['a:9092', 'b:9092'],
    kafkaTopic: 'touchstone.events.v1',
    kafkaSecurity: {},
    mongodbUrl: GOOD.TOUCHSTONE_MONGODB_URL,
    rootKeyFile: '/ledger/data.key',
    dataDirectory: '/ledger/data',
  });
  const more = { ...GOOD, TOUCHSTONE_KAFKA_TOPIC: 'mine', TOUCHSTONE_ROOT_KEY_FILE: '/keys/root' };
  expect(distributedTarget(engineVariables, more, '/d')).toMatchObject({
    kafkaTopic: 'mine',
    rootKeyFile: '/keys/root',
  });
});

it('names all that is missing in one line', () => {
  expect(() => distributedTarget(engineVariables, { TOUCHSTONE_MONGODB_URL: '' }, '/d')).toThrow(
    'the distributed engines are not known: TOUCHSTONE_EVENTSTORE_URL must be set; ' +
      'TOUCHSTONE_KAFKA_BROKERS must be set; TOUCHSTONE_MONGODB_URL must be set',
  );
});

it.each([
  ['TOUCHSTONE_EVENTSTORE_URL', 'http://admin:secret@store'],
  ['TOUCHSTONE_KAFKA_BROKERS', 'broker-secret'],
  ['TOUCHSTONE_MONGODB_URL', 'user:secret@mongo'],
  ['TOUCHSTONE_KAFKA_TOPIC', 'a secret'],
])('refuses a wrong %s without showing it', (name, value) => {
  const read = (): unknown => distributedTarget(engineVariables, { ...GOOD, [name]: value }, '/d');
  expect(read).toThrow(`${name} must be`);
  expect(read).not.toThrow('secret');
});

describe('the verb', () => {
  let home = '';
  const before = { ...process.env };
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'touchstone-'));
    Object.assign(process.env, GOOD);
  });
  afterEach(() => {
    for (const name of Object.keys(GOOD)) delete process.env[name];
    Object.assign(process.env, before);
    rmSync(home, { recursive: true, force: true });
  });

  it('must be told where to', async () => {
    await expect(promoteVerb.run([], context(home))).rejects.toThrow('say --to distributed');
    await expect(promoteVerb.run(['--to', 'cloud'], context(home))).rejects.toThrow('say --to distributed');
  });

  it('makes no ledger where there is none', async () => {
    const data = join(home, 'data');
    const run = promoteVerb.run(['--to', 'distributed'], context(data));
    await expect(run).rejects.toMatchObject({ name: 'CliError', message: `there is no ledger in ${data}` });
  });
});
