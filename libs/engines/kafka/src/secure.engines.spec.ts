import { randomUUID } from 'node:crypto';
import { EngineError } from '#libs/core';
import { CheckpointedConsumer, EffectStore } from '../../../../test/engines/kafka/checkpointed-consumer';
import { appendRecords, FedTopic, streamOf } from '../../../../test/engines/kafka/fed-topic';
import { startKafka } from '../../../../test/engines/kafka/start';
import type { KafkaServer } from '../../../../test/engines/kafka/start';
import type { KafkaConnection } from './connection';
import { KafkaEventSink } from './kafka-event-sink';

jest.setTimeout(120_000);

const EVENTS = 40;
const account = { username: 'ledger', password: randomUUID() };

/** A broker of its own that lets in only who comes by TLS and with the account. */
let broker: KafkaServer;
beforeAll(async () => {
  broker = await startKafka({ account });
});
afterAll(() => broker.stop());

it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
  'publishes and delivers by TLS, with an account of %s',
  async (mechanism) => {
    const fed = new FedTopic({ ...broker.connection, sasl: { mechanism, ...account } });
    await fed.open();
    try {
      await appendRecords(fed.log, streamOf(1), EVENTS);
      const store = new EffectStore();
      await new CheckpointedConsumer(store).take(fed.feed(), EVENTS);
      expect(store).toMatchObject({ effects: EVENTS, gaps: 0 });
    } finally {
      await fed.dispose();
    }
  },
);

const { username, password } = account;
it.each<[string, () => KafkaConnection]>([
  ['no account', () => ({ ...broker.connection, sasl: undefined })],
  [
    'a wrong password',
    () => ({ ...broker.connection, sasl: { mechanism: 'scram-sha-512', username, password: 'wrong' } }),
  ],
  ['a certificate that nobody vouches for', () => ({ ...broker.connection, tls: true })],
  ['no TLS', () => ({ brokers: broker.connection.brokers })],
])('tells what is wrong, and no password, where there is %s', async (_, connection) => {
  const topic = { name: `secure-${randomUUID()}`, partitions: 1 };
  const sink = new KafkaEventSink({ connection: connection(), ledgerId: 'ledger-1', topic });
  const opened = sink.open(undefined, randomUUID).catch((error: unknown) => error);
  const fault = await opened;
  expect(fault).toBeInstanceOf(EngineError);
  expect(String(fault)).not.toContain(password);
  await sink.close();
});
