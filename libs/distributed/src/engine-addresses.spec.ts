import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineVariables } from './engine-addresses';
import type { EngineAddresses } from './engine-addresses';

const ADDRESSES = {
  TOUCHSTONE_EVENTSTORE_URL: 'esdb://store:2113',
  TOUCHSTONE_KAFKA_BROKERS: 'kafka:9093',
  TOUCHSTONE_MONGODB_URL: 'mongodb://mongo:27017',
};
const TLS = { TOUCHSTONE_KAFKA_TLS: 'true' };
const ACCOUNT = { TOUCHSTONE_KAFKA_USERNAME: 'ledger', TOUCHSTONE_KAFKA_PASSWORD: 'hunter2' };
const PEM = '-----BEGIN CERTIFICATE-----\n';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'touchstone-ca-'));
  writeFileSync(join(directory, 'ca.pem'), PEM);
  writeFileSync(join(directory, 'key.pem'), 'no certificate');
});
afterAll(() => rmSync(directory, { recursive: true }));

type Environment = Readonly<Record<string, string>>;

function read(more: Environment): {
  readonly addresses: EngineAddresses;
  readonly faults: readonly string[];
} {
  const env: Environment = { ...ADDRESSES, ...more };
  const faults: string[] = [];
  const addresses = engineVariables.read(
    (name) => env[name],
    (text) => faults.push(text),
  );
  return { addresses, faults };
}

it('reaches Kafka without TLS and account where none is given', () => {
  expect(read({})).toMatchObject({ addresses: { kafkaSecurity: {} }, faults: [] });
  expect(read({ TOUCHSTONE_KAFKA_TLS: 'false' }).addresses.kafkaSecurity).toEqual({});
});

it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('takes TLS and an account of %s', (mechanism) => {
  const { addresses, faults } = read({ ...TLS, ...ACCOUNT, TOUCHSTONE_KAFKA_SASL: mechanism });
  expect(faults).toEqual([]);
  const sasl = { mechanism, username: 'ledger', password: 'hunter2' };
  expect(addresses.kafkaSecurity).toEqual({ tls: true, sasl });
});

it('takes the certificates of who has signed the brokers’', () => {
  const { addresses, faults } = read({ ...TLS, TOUCHSTONE_KAFKA_CA_FILE: join(directory, 'ca.pem') });
  expect(faults).toEqual([]);
  expect(addresses.kafkaSecurity).toEqual({ tls: { ca: PEM } });
});

it.each<[Environment, string]>([
  [{ TOUCHSTONE_KAFKA_TLS: 'yes' }, 'TOUCHSTONE_KAFKA_TLS must be true or false'],
  [{ ...TLS, TOUCHSTONE_KAFKA_SASL: 'gssapi', ...ACCOUNT }, 'must be one of scram-sha-512'],
  [{ ...TLS, TOUCHSTONE_KAFKA_SASL: 'plain' }, 'must be set together'],
  [ACCOUNT, 'must be set together'],
  [{ TOUCHSTONE_KAFKA_SASL: 'plain', ...ACCOUNT }, 'needs TOUCHSTONE_KAFKA_TLS=true'],
])('refuses %p', (env, words) => {
  const { faults } = read(env);
  expect(faults.join('; ')).toContain(words);
  expect(faults.join('; ')).not.toContain('hunter2');
});

it('refuses certificates that are none, not there, or for nothing', () => {
  const ca = (file: string): Environment => ({ TOUCHSTONE_KAFKA_CA_FILE: join(directory, file) });
  expect(read({ ...TLS, ...ca('key.pem') }).faults).toEqual([expect.stringContaining('as PEM')]);
  expect(read({ ...TLS, ...ca('nowhere') }).faults).toEqual([expect.stringContaining('as PEM')]);
  expect(read(ca('ca.pem')).faults).toEqual([expect.stringContaining('needs TOUCHSTONE_KAFKA_TLS=true')]);
});
