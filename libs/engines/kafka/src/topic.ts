import type { Admin, Kafka } from 'kafkajs';
import { EngineError } from '#libs/core';
import { administer } from './connection';

export interface TopicSettings {
  readonly name: string;
  /** Fixed when the topic is made: changing it is a new topic and a rebuild. */
  readonly partitions: number;
  /** For ever where it is not given. What is gone is read from the log. */
  readonly retentionMs?: number;
}

export const DEFAULT_TOPIC: TopicSettings = { name: 'touchstone.events.v1', partitions: 12 };

/** Of a partition: the first offset that is there, and the one that the next message gets. */
export interface Watermarks {
  readonly low: number;
  readonly high: number;
}

const MAX_REPLICAS = 3;
/** Replicas that must have a message before it is acknowledged, where there are three. */
const MIN_IN_SYNC = 2;
/** A record of 1 MiB is a message of up to 1.4 MiB, its blobs being base64, and has headers. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const NO_LIMIT = '-1';

/** Makes the topic where it is not there; false where it is. */
export async function makeTopic(kafka: Kafka, settings: TopicSettings): Promise<boolean> {
  return administer(kafka, 'making the topic', async (admin) => {
    const { brokers } = await admin.describeCluster();
    const replicationFactor = Math.min(MAX_REPLICAS, brokers.length);
    const entries = {
      'cleanup.policy': 'delete',
      'retention.ms': settings.retentionMs === undefined ? NO_LIMIT : String(settings.retentionMs),
      'retention.bytes': NO_LIMIT,
      'max.message.bytes': String(MAX_MESSAGE_BYTES),
      'min.insync.replicas': String(replicationFactor === MAX_REPLICAS ? MIN_IN_SYNC : 1),
      'unclean.leader.election.enable': 'false',
    };
    return admin.createTopics({
      topics: [
        {
          topic: settings.name,
          numPartitions: settings.partitions,
          replicationFactor,
          configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
        },
      ],
    });
  });
}

/** Where each partition begins and ends now; `undefined` where the topic is not there. */
export async function watermarks(
  kafka: Kafka,
  settings: TopicSettings,
): Promise<ReadonlyMap<number, Watermarks> | undefined> {
  const marks = await administer(kafka, 'reading where the topic ends', (admin) =>
    readWatermarks(admin, settings.name),
  );
  if (marks !== undefined && marks.size !== settings.partitions) {
    throw new EngineError(
      `Kafka topic ${settings.name} has ${marks.size} partitions, not ${settings.partitions}: ` +
        'changing their number is a new topic and a rebuild',
    );
  }
  return marks;
}

async function readWatermarks(
  admin: Admin,
  topic: string,
): Promise<ReadonlyMap<number, Watermarks> | undefined> {
  if (!(await admin.listTopics()).includes(topic)) return undefined;
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(
    offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
  );
}
