import { readFileSync } from 'node:fs';
import { DEFAULT_TOPIC } from '#libs/engines/kafka';
import type { KafkaConnection } from '#libs/engines/kafka';

/** Where the three servers are, and who we are there. */
export interface EngineAddresses {
  readonly eventStoreUrl: string;
  readonly kafkaBrokers: readonly string[];
  /** Ledgers that share brokers need one each. */
  readonly kafkaTopic: string;
  readonly kafkaSecurity?: Pick<KafkaConnection, 'tls' | 'sasl'>;
  readonly mongodbUrl: string;
}

const MECHANISMS = ['scram-sha-512', 'scram-sha-256', 'plain'] as const;
const EVENTSTORE_URL = 'TOUCHSTONE_EVENTSTORE_URL';
const MONGODB_URL = 'TOUCHSTONE_MONGODB_URL';
const BROKERS = 'TOUCHSTONE_KAFKA_BROKERS';
const TOPIC = 'TOUCHSTONE_KAFKA_TOPIC';
const TLS = 'TOUCHSTONE_KAFKA_TLS';
const CA_FILE = 'TOUCHSTONE_KAFKA_CA_FILE';
const SASL = 'TOUCHSTONE_KAFKA_SASL';
const USERNAME = 'TOUCHSTONE_KAFKA_USERNAME';
const PASSWORD = 'TOUCHSTONE_KAFKA_PASSWORD';

/** A variable's value; `undefined` where it is not set. */
type Value = (name: string) => string | undefined;
/** Told what is wrong with one, never with its value: it may carry a password. */
type Fault = (text: string) => void;

export interface EngineVariables {
  readonly names: readonly string[];
  read(value: Value, fault: Fault): EngineAddresses;
}

/** What docs/configuration.md lists for the distributed engines. */
export const engineVariables: EngineVariables = {
  names: [EVENTSTORE_URL, MONGODB_URL, BROKERS, TOPIC, TLS, CA_FILE, SASL, USERNAME, PASSWORD],
  /** What it answers after a fault is good for nothing. */
  read(value: Value, fault: Fault): EngineAddresses {
    const needed = (name: string, fits: (text: string) => boolean, like: string): string => {
      const text = value(name);
      if (text === undefined) fault(`${name} must be set`);
      else if (!fits(text)) fault(`${name} must be ${like}`);
      return text ?? '';
    };
    const eventStoreUrl = needed(
      EVENTSTORE_URL,
      (text) => /^(esdb|kurrentdb)(\+discover)?:\/\/[^\s]+$/.test(text),
      'an address like esdb://host:2113',
    );
    const brokers = needed(
      BROKERS,
      (text) => brokersOf(text).every(isBroker),
      'a list like host:9092,host:9092',
    );
    const mongodbUrl = needed(
      MONGODB_URL,
      (text) => /^mongodb(\+srv)?:\/\/[^\s]+$/.test(text),
      'an address like mongodb://host:27017',
    );
    const kafkaTopic = value(TOPIC) ?? DEFAULT_TOPIC.name;
    if (!/^[0-9A-Za-z._-]{1,200}$/.test(kafkaTopic)) {
      fault(`${TOPIC} must be 1 to 200 letters, digits, dots, hyphens or underscores`);
    }
    const kafkaSecurity = readSecurity(value, fault);
    return { eventStoreUrl, kafkaBrokers: brokersOf(brokers), kafkaTopic, kafkaSecurity, mongodbUrl };
  },
};

function readSecurity(value: Value, fault: Fault): Pick<KafkaConnection, 'tls' | 'sasl'> {
  const said = value(TLS) ?? 'false';
  if (said !== 'true' && said !== 'false') fault(`${TLS} must be true or false`);
  const tls = said === 'true';
  const ca = readCertificates(value(CA_FILE), tls, fault);
  const account = { mechanism: value(SASL), username: value(USERNAME), password: value(PASSWORD) };
  const { mechanism: named, username, password } = account;
  const mechanism = MECHANISMS.find((known) => known === named);
  if (named !== undefined && mechanism === undefined)
    fault(`${SASL} must be one of ${MECHANISMS.join(', ')}`);
  const given = Object.values(account).filter((part) => part !== undefined).length;
  if (given > 0 && given < Object.keys(account).length) {
    fault(`${SASL}, ${USERNAME} and ${PASSWORD} must be set together`);
  }
  if (mechanism === 'plain' && !tls) fault(`${SASL}=plain sends the password as it is: it needs ${TLS}=true`);
  const known = mechanism !== undefined && username !== undefined && password !== undefined;
  return {
    ...(tls ? { tls: ca === undefined ? true : { ca } } : {}),
    ...(known ? { sasl: { mechanism, username, password } } : {}),
  };
}

function readCertificates(file: string | undefined, tls: boolean, fault: Fault): string | undefined {
  if (file === undefined) return undefined;
  if (!tls) fault(`${CA_FILE} needs ${TLS}=true`);
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch {
    // Told below, whatever it is.
  }
  fault(`${CA_FILE} must be a file that can be read, of certificates as PEM`);
  return undefined;
}

function brokersOf(text: string): readonly string[] {
  return text.split(',').map((broker) => broker.trim());
}

function isBroker(text: string): boolean {
  const port = /^(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) > 0 && Number(port) <= 65_535;
}
