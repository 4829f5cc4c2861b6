import { randomUUID } from 'node:crypto';
import { Kafka } from 'kafkajs';
import type { KafkaMessage } from 'kafkajs';
import { EngineError } from '#libs/core';
import type { StoredRecord } from '#libs/core';
import { eventually } from '#libs/testing';
import { recordOf, streamOf } from '../../../../test/engines/kafka/fed-topic';
import { administer, connect } from './connection';
import { KafkaEventSink } from './kafka-event-sink';
import { watermarks } from './topic';

jest.setTimeout(60_000);

const connection = { brokers: [process.env['TEST_KAFKA_BROKERS'] ?? ''] };
const kafka = connect(connection);
const newId = (): string => 'new';

describe('kafka event sink', () => {
  let topic: { name: string; partitions: number };
  let sink: KafkaEventSink;
  beforeEach(() => {
    topic = { name: `sink-${randomUUID()}`, partitions: 12 };
    sink = new KafkaEventSink({ connection, ledgerId: 'ledger-1', topic });
  });
  afterEach(() => sink.close());

  const records = (count: number, streams: number): StoredRecord[] =>
    Array.from({ length: count }, (_, i) => ({
      ...recordOf(streamOf(i % streams), Math.floor(i / streams)),
      position: 10 * (i + 1),
    }));
  const held = async (): Promise<number> =>
    [...((await watermarks(kafka, topic)) ?? [])].reduce((sum, [, { high }]) => sum + high, 0);

  it('is understood by a consumer that has nothing of ours', async () => {
    await sink.open(undefined, newId);
    const sent = records(30, 5);
    await sink.publish(sent.slice(0, 20));
    await sink.publish(sent.slice(20));
    // The driver's own defaults, as somebody else would use it.
    const theirs = new Kafka({
      ...connection,
      brokers: [...connection.brokers],
      logCreator: () => () => undefined,
    });
    const consumer = theirs.consumer({ groupId: `foreign-${topic.name}` });
    const got: KafkaMessage[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [topic.name], fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void got.push(message) });
    await eventually('30 messages', () => got.length === 30, 20_000);
    await consumer.disconnect();
    const read = got
      .map(({ key, value, headers }) => ({
        key: key?.toString(),
        headers: Object.fromEntries(
          Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]),
        ),
        env: (JSON.parse(value?.toString() ?? '') as { env: unknown }).env,
      }))
      .toSorted((a, b) => Number(a.headers['ce_position']) - Number(b.headers['ce_position']));
    expect(read).toEqual(
      sent.map(({ id, stream, rev, position, env }, i) => ({
        key: stream.slice('customer-'.length),
        headers: {
          ce_specversion: '1.0',
          ce_id: id,
          ce_type: 'touchpoint-recorded.v1',
          ce_source: 'touchstone:ledger-1',
          ce_subject: stream,
          ce_time: '2026-01-01T00:00:00.000Z',
          ce_revision: String(rev),
          ce_position: String(position),
          ce_sequence: String(i + 1).padStart(16, '0'),
          ce_partitionkey: stream.slice('customer-'.length),
          'content-type': 'application/json',
          'touchstone-topic': 'new',
        },
        env: JSON.parse(env),
      })),
    );
  });

  it('makes the topic as it is to be, once', async () => {
    expect(await sink.open(undefined, newId)).toBe('new');
    const known = { topicId: 'known', position: 0, sequence: 0 };
    expect(await sink.open(known, newId)).toBe('known');
    const { resources } = await administer(kafka, 'reading settings', (admin) =>
      admin.describeConfigs({ resources: [{ type: 2, name: topic.name }], includeSynonyms: false }),
    );
    const settings = Object.fromEntries(
      (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
    );
    expect(settings).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'max.message.bytes': '4194304',
      'min.insync.replicas': '1',
      'unclean.leader.election.enable': 'false',
    });
    expect((await watermarks(kafka, topic))?.size).toBe(12);
  });

  it('has a new id where it holds less than was published, or was made anew', async () => {
    await sink.open(undefined, newId);
    await sink.publish(records(20, 3));
    const known = { topicId: 'known', position: 200, sequence: 20 };
    expect(await sink.open(known, newId)).toBe('known');
    expect(await sink.open({ ...known, sequence: 21 }, newId)).toBe('new');
    await administer(kafka, 'removing the topic', (admin) => admin.deleteTopics({ topics: [topic.name] }));
    await eventually('the topic is gone', async () => (await watermarks(kafka, topic)) === undefined, 10_000);
    expect(await sink.open(known, newId)).toBe('new');
    await sink.publish(records(20, 3));
    expect(await held()).toBe(20);
  });

  it('refuses a topic of another number of partitions', async () => {
    await sink.open(undefined, newId);
    const other = new KafkaEventSink({
      connection,
      ledgerId: 'ledger-1',
      topic: { ...topic, partitions: 6 },
    });
    await expect(other.open(undefined, newId)).rejects.toThrow(/has 12 partitions, not 6/);
  });

  it('takes a record of 1 MiB among others, and many that are more than a batch', async () => {
    await sink.open(undefined, newId);
    const big = (record: StoredRecord, bytes: number): StoredRecord => ({
      ...record,
      sealed: { '/service': Buffer.alloc(bytes, 7) },
    });
    const all = records(60, 1).map((record, i) =>
      i === 30 ? big(record, 1024 * 1024) : big(record, 100_000),
    );
    await sink.publish(all);
    expect(await held()).toBe(60);
  });

  it('says which limit a record breaks, goes on after it, and tells nothing of the record', async () => {
    await sink.open(undefined, newId);
    const [first, second] = records(2, 1);
    if (first === undefined || second === undefined) throw new Error('no records');
    const large = { ...first, sealed: { '/service': Buffer.alloc(5 * 1024 * 1024) } };
    const fault: unknown = await sink.publish([large]).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(EngineError);
    expect(String(fault)).toMatch(/takes no message of \d+ bytes .* max.message.bytes/);
    expect(String(fault)).not.toContain(first.stream.slice('customer-'.length));
    await sink.publish([second]);
    expect(await held()).toBe(1);
  });

  it('gives up within its deadline where no broker answers', async () => {
    const nowhere = new KafkaEventSink({
      connection: { brokers: ['127.0.0.1:1'] },
      ledgerId: 'ledger-1',
      topic,
    });
    await expect(nowhere.open(undefined, newId)).rejects.toThrow(EngineError);
    await expect(nowhere.publish([])).rejects.toThrow('must be opened');
  });
});
