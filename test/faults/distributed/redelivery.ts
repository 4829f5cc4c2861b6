import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaMessage } from 'kafkajs';
import { connectMongo, MongoRelayCheckpoints } from '#libs/engines/mongodb';
import type { DistributedServer } from '../../e2e/distributed-server';
import { eventually } from '../../e2e/wait';
import type { Oracle } from '../oracle';
import type { Engines } from './engines';

/** Messages of each partition that are sent once more. */
const AGAIN = 40;
const READ_DEADLINE_MS = 30_000;

/**
 * Kills the relays, moves their checkpoint back to a position in the middle of the log, and starts them: what was
 * published after it is published again, as when a relay dies between the broker's confirmation and its checkpoint.
 */
export async function rewindRelay(
  server: DistributedServer,
  { addresses }: Engines,
  oracle: Oracle,
): Promise<void> {
  const relays = server.all('relay');
  await Promise.all(relays.map((relay) => relay.end('SIGKILL')));
  const mongo = await connectMongo(addresses.mongodb, { database: server.name });
  try {
    const checkpoints = new MongoRelayCheckpoints(mongo);
    const now = await checkpoints.load();
    if (now === undefined) throw new Error('the relay has no checkpoint');
    const before = { ...now, position: middle(oracle) };
    if (!(await checkpoints.save(now, before))) throw new Error('a killed relay moved its checkpoint');
  } finally {
    await mongo.close();
  }
  await Promise.all(relays.map((relay) => relay.start()));
}

/** A position at which there is an event: EventStoreDB takes no other. */
function middle({ acked }: Oracle): number {
  const positions = [...acked.values()].flatMap(({ receipt }) => receipt?.position ?? []);
  return positions[Math.floor(positions.length / 2)] ?? 0;
}

/** Publishes the last messages of each partition once more, byte for byte and the last one first. */
export async function deliverAgain({ name: topic }: DistributedServer, { kafka }: Engines): Promise<void> {
  const client = new Kafka({ brokers: [kafka.address], logLevel: logLevel.NOTHING });
  const producer = client.producer({ allowAutoTopicCreation: false });
  try {
    await producer.connect();
    for (const [partition, messages] of await lastMessages(client, topic)) {
      const again = messages.toReversed().map(({ key, value, headers = {} }) => {
        return { partition, key, value, headers };
      });
      await producer.send({ topic, messages: again, acks: -1 });
    }
  } finally {
    await producer.disconnect();
  }
}

async function lastMessages(
  client: Kafka,
  topic: string,
): Promise<ReadonlyMap<number, readonly KafkaMessage[]>> {
  const admin = client.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const found = new Map<number, KafkaMessage[]>();
  const left = new Map<number, number>();
  for (const { partition, low, high } of ends) {
    const due = Math.min(AGAIN, Number(high) - Number(low));
    if (due > 0) left.set(partition, Number(high) - due);
  }
  const consumer = client.consumer({ groupId: `again-${randomUUID()}` });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        const list = found.get(partition) ?? [];
        found.set(partition, list);
        if (list.length < AGAIN) list.push(message);
      },
    });
    for (const [partition, offset] of left) consumer.seek({ topic, partition, offset: String(offset) });
    const all = (): true | undefined =>
      [...left].every(([partition, offset]) => {
        const end = ends.find((one) => one.partition === partition);
        return (found.get(partition)?.length ?? 0) >= Number(end?.high) - offset;
      }) || undefined;
    await eventually('the last messages are read', all, READ_DEADLINE_MS);
    return found;
  } finally {
    await consumer.disconnect();
  }
}
