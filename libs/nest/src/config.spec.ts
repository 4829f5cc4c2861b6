import { resolve } from 'node:path';
import { engineVariables } from '#libs/distributed';
import { ConfigError, readConfig } from './config';

const ENGINES = {
  TOUCHSTONE_EVENTSTORE_URL: 'esdb://user:hunter2@store:2113?tls=false',
  TOUCHSTONE_KAFKA_BROKERS: 'kafka-1:9092, [::1]:9093',
  TOUCHSTONE_MONGODB_URL: 'mongodb://mongo:27017/?replicaSet=rs',
};

function faultsOf(env: Record<string, string>, role?: 'query-api'): string {
  try {
    readConfig(env, role, role === undefined ? undefined : engineVariables);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

it('has a default for everything', () => {
  expect(readConfig({ PATH: '/bin' })).toEqual({
    role: 'standalone',
    port: 3000,
    host: '127.0.0.1',
    dataDirectory: resolve('data'),
    rootKeyFile: resolve('data.key'),
    logLevel: 'info',
  });
});

it('takes what is set; empty is not set', () => {
  const env = {
    PORT: '0',
    TOUCHSTONE_DATA: '/srv/ledger/',
    TOUCHSTONE_HOST: '::',
    TOUCHSTONE_ADMIN_KEY: 'k'.repeat(32),
    TOUCHSTONE_LOG_LEVEL: 'warn',
    TOUCHSTONE_ROOT_KEY_FILE: '',
    TOUCHSTONE_MONGODB_URL: '',
  };
  expect(readConfig(env)).toEqual({
    role: 'standalone',
    port: 0,
    host: '::',
    dataDirectory: '/srv/ledger',
    rootKeyFile: '/srv/ledger.key',
    adminKey: 'k'.repeat(32),
    logLevel: 'warn',
  });
});

it('has all three engines in every role but standalone', () => {
  expect(readConfig(ENGINES, 'query-api', engineVariables).engines).toEqual({
    eventStoreUrl: ENGINES.TOUCHSTONE_EVENTSTORE_URL,
    kafkaBrokers: ['kafka-1:9092', '[::1]:9093'],
    kafkaTopic: 'touchstone.events.v1',
    kafkaSecurity: {},
    mongodbUrl: ENGINES.TOUCHSTONE_MONGODB_URL,
  });
  expect(faultsOf({ TOUCHSTONE_MONGODB_URL: 'mongodb://m' }, 'query-api')).toMatch(
    /EVENTSTORE_URL must be set.*KAFKA_BROKERS must be set/,
  );
  expect(faultsOf(ENGINES)).toMatch(/EVENTSTORE_URL must not be set.*KAFKA.*must not.*MONGODB.*must not/);
});

it.each([
  [{ PORT: '65536' }, 'PORT'],
  [{ PORT: '3000 ' }, 'PORT'],
  [{ PORT: '-1' }, 'PORT'],
  [{ TOUCHSTONE_HOST: 'a b' }, 'TOUCHSTONE_HOST'],
  [{ TOUCHSTONE_LOG_LEVEL: 'verbose' }, 'TOUCHSTONE_LOG_LEVEL'],
  [{ TOUCHSTONE_ADMIN_KEY: '' }, '32 to 1024'],
  [{ TOUCHSTONE_ADMIN_KEY: 'k'.repeat(31) }, '32 to 1024'],
  [{ TOUCHSTONE_ADMIN_KEY: ` ${'k'.repeat(32)}` }, 'blank'],
  [{ TOUCHSTONE_ADMIN_KEY: `${'k'.repeat(32)}\nk` }, 'control characters'],
  [{ TOUCHSTONE_DATA: '/d', TOUCHSTONE_ROOT_KEY_FILE: '/d/keys/root' }, 'must not lie in'],
  [{ TOUCHSTONE_DATE: '/d' }, 'TOUCHSTONE_DATE is not a name'],
])('refuses %p', (env, words) => {
  expect(faultsOf(env)).toContain(words);
});

it.each([
  [{ ...ENGINES, TOUCHSTONE_EVENTSTORE_URL: 'http://store' }, 'esdb://'],
  [{ ...ENGINES, TOUCHSTONE_KAFKA_BROKERS: 'kafka' }, 'host:9092'],
  [{ ...ENGINES, TOUCHSTONE_KAFKA_BROKERS: 'kafka:9092,' }, 'host:9092'],
  [{ ...ENGINES, TOUCHSTONE_KAFKA_TOPIC: 'a b' }, 'TOUCHSTONE_KAFKA_TOPIC must be'],
  [{ ...ENGINES, TOUCHSTONE_MONGODB_URL: 'mongo:27017' }, 'mongodb://'],
])('refuses %p for the distributed engines', (env, words) => {
  expect(faultsOf(env, 'query-api')).toContain(words);
});

it('names every fault in one line and shows no value', () => {
  const message = faultsOf({
    PORT: 'secret-1',
    TOUCHSTONE_ADMIN_KEY: 'secret-2',
    TOUCHSTONE_X: 'secret-3',
    ...ENGINES,
  });
  expect(message).toMatch(/PORT.*/);
  expect(message.split(';')).toHaveLength(6);
  expect(message).not.toMatch(/\n|secret|hunter2/);
});
