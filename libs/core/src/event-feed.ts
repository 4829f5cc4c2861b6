import type { StoredRecord } from './event-log';

/** How far a consumer has come in one partition of a feed. `topicId` tells a feed that was made anew from the one it knew. */
export interface Checkpoint {
  readonly topicId: string;
  readonly offset: number;
  /** Greatest position delivered; from here the log itself can be read on. */
  readonly position: number;
}

export interface FeedBatch {
  readonly partition: number;
  /** In order per stream; may repeat what was delivered before. */
  readonly records: readonly StoredRecord[];
  /** Where the consumer stands once this batch is committed. */
  readonly checkpoint: Checkpoint;
}

export interface FeedConsumer {
  /** Consumers of one name share the partitions; of different names each gets all of them. */
  readonly name: string;
  /** Asked when a partition is assigned; `undefined` begins at the start. */
  checkpoint(partition: number): Promise<Checkpoint | undefined>;
  /** The next batch of a partition is delivered only when this has resolved; a rejection ends `run` with it. */
  deliver(batch: FeedBatch): Promise<void>;
}

/** Partitioned, checkpointed delivery of the log: at least once, in order per stream. */
export interface EventFeed {
  /** Where each partition ends now, by number: what is delivered later stands after it. A feed not made yet has none. */
  ends(): Promise<ReadonlyMap<number, Checkpoint>>;
  /** Of which partition a stream's records are. */
  partitionOf(stream: string): number;
  /** What shared documents are kept apart by: streams of one bucket are of one partition. */
  bucketOf(stream: string): number;
  run(consumer: FeedConsumer, signal: AbortSignal): Promise<void>;
}
