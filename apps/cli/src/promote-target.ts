import { resolve } from 'node:path';
import type { DistributedOptions } from '#libs/distributed';
import { CliError } from './verb';

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_TOPIC = 'touchstone.events.v1';
const BROKER = /^(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}$/;

/** Name, what it looks like, and how that is told: a value may carry a password and is never shown. */
const ADDRESSES = {
  eventStoreUrl: {
    name: 'TOUCHSTONE_EVENTSTORE_URL',
    fits: (text: string) => /^(esdb|kurrentdb)(\+discover)?:\/\/[^\s]+$/.test(text),
    like: 'an address like esdb://host:2113',
  },
  kafkaBrokers: {
    name: 'TOUCHSTONE_KAFKA_BROKERS',
    fits: (text: string) => brokersOf(text).every((broker) => BROKER.test(broker)),
    like: 'a list like host:9092,host:9092',
  },
  mongodbUrl: {
    name: 'TOUCHSTONE_MONGODB_URL',
    fits: (text: string) => /^mongodb(\+srv)?:\/\/[^\s]+$/.test(text),
    like: 'an address like mongodb://host:27017',
  },
};

/** Where an embedded ledger is promoted to: the same names as the roles read. Throws one line that names every fault. */
export function promoteTarget(env: Environment, dataDirectory: string): DistributedOptions {
  const faults: string[] = [];
  const value = ({ name, fits, like }: (typeof ADDRESSES)[keyof typeof ADDRESSES]): string => {
    const text = env[name] ?? '';
    if (text === '') faults.push(`${name} must be set`);
    else if (!fits(text)) faults.push(`${name} must be ${like}`);
    return text;
  };
  const eventStoreUrl = value(ADDRESSES.eventStoreUrl);
  const kafkaBrokers = brokersOf(value(ADDRESSES.kafkaBrokers));
  const mongodbUrl = value(ADDRESSES.mongodbUrl);
  const kafkaTopic = env['TOUCHSTONE_KAFKA_TOPIC'] || DEFAULT_TOPIC;
  if (!/^[0-9A-Za-z._-]{1,200}$/.test(kafkaTopic)) {
    faults.push('TOUCHSTONE_KAFKA_TOPIC must be 1 to 200 letters, digits, dots, hyphens or underscores');
  }
  if (faults.length > 0) throw new CliError(`the target of promote is not known: ${faults.join('; ')}`);
  // The root key stays the ledger's: the roles need the same file.
  const rootKeyFile = resolve(env['TOUCHSTONE_ROOT_KEY_FILE'] || `${dataDirectory}.key`);
  return { eventStoreUrl, kafkaBrokers, kafkaTopic, mongodbUrl, rootKeyFile, dataDirectory };
}

function brokersOf(text: string): readonly string[] {
  return text.split(',').map((broker) => broker.trim());
}
