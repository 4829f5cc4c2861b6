import { ownerOf, partitionOf, pause } from '#libs/core';
import type { Kafka } from 'kafkajs';
import type { Checkpoint, EventFeed, FeedConsumer, RelayCheckpoint } from '#libs/core';
import type { ReadableLog } from './catch-up';
import { connect, isPassing } from './connection';
import type { KafkaConnection } from './connection';
import { FeedRun } from './feed-run';
import { DEFAULT_TOPIC, watermarks } from './topic';
import type { TopicSettings } from './topic';

export interface KafkaFeedOptions {
  readonly connection: KafkaConnection;
  readonly topic?: TopicSettings;
  /** Read where the topic is another one, or has not the offset that a consumer stands at. */
  readonly log: ReadableLog;
  /** The relay's checkpoint: it knows the topic's id, also while a partition is empty. */
  readonly relay: () => Promise<Pick<RelayCheckpoint, 'topicId' | 'position'> | undefined>;
  /** Before the consumer's name; ledgers that share brokers need one each. */
  readonly groupPrefix?: string;
}

const GROUP_PREFIX = 'touchstone-';
const BEGIN_AGAIN_MS = 200;
const MAX_PASSING_FAULTS = 25;
/** A run that lasted so long had got over its faults. */
const SETTLED_AFTER_MS = 30_000;

/**
 * Delivers the topic that a relay fills. Where a consumer stands is what its own checkpoints say; the offsets that are
 * committed to Kafka only show dashboards its lag.
 */
export class KafkaEventFeed implements EventFeed {
  readonly #kafka: Kafka;
  readonly #topic: TopicSettings;

  constructor(private readonly options: KafkaFeedOptions) {
    this.#kafka = connect(options.connection);
    this.#topic = options.topic ?? DEFAULT_TOPIC;
  }

  /**
   * `position` is the relay's, which was read before the offsets: whatever of a partition has this position or a lower
   * one stands before the offset. Some that stand before it may have a higher one.
   */
  async ends(): Promise<ReadonlyMap<number, Checkpoint>> {
    const relay = await this.options.relay();
    const marks = await watermarks(this.#kafka, this.#topic);
    if (relay === undefined || marks === undefined) return new Map();
    const { topicId, position } = relay;
    return new Map(
      [...marks].map(([partition, { high }]) => [partition, { topicId, offset: high, position }]),
    );
  }

  partitionOf(stream: string): number {
    return partitionOf(ownerOf(stream), this.#topic.partitions);
  }

  /** A partition's: its one consumer is then the one writer of its bucket's documents. */
  bucketOf(stream: string): number {
    return this.partitionOf(stream);
  }

  /**
   * Waits where the topic is not there yet. Rejects with `EngineError` when the brokers are away for long, or say for long
   * that they can't answer now.
   */
  async run(consumer: FeedConsumer, signal: AbortSignal): Promise<void> {
    const { log, relay, groupPrefix = GROUP_PREFIX } = this.options;
    const source = {
      kafka: this.#kafka,
      topic: this.#topic,
      groupId: groupPrefix + consumer.name,
      log,
      relay,
    };
    for (let passingFaults = 0; ;) {
      const sinceMs = performance.now();
      try {
        await new FeedRun(source, consumer).run(signal);
        return;
      } catch (error) {
        // A cluster that just started has no coordinator for the group yet; the driver would not wait for it.
        passingFaults = performance.now() - sinceMs > SETTLED_AFTER_MS ? 1 : passingFaults + 1;
        if (!isPassing(error) || passingFaults > MAX_PASSING_FAULTS) throw error;
      }
      await pause(BEGIN_AGAIN_MS);
    }
  }
}
