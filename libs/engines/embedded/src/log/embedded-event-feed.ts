import { ownerOf, partitionOf } from '#libs/core';
import type { Checkpoint, EventFeed, EventLog, FeedConsumer } from '#libs/core';

const PARTITION = 0;
/** So many threads can fold a part of the customers each. No more: an answer about all of them adds up as many documents. */
const BUCKETS = 2;

/** The log's own tail as a feed of one partition: offset and position are the same there. */
export class EmbeddedEventFeed implements EventFeed {
  constructor(
    private readonly log: EventLog,
    /** The ledger's id: a data directory that was made anew is another feed. */
    private readonly topicId: string,
  ) {}

  async ends(): Promise<ReadonlyMap<number, Checkpoint>> {
    const position = await this.log.lastPosition();
    return new Map([[PARTITION, { topicId: this.topicId, offset: position, position }]]);
  }

  partitionOf(): number {
    return PARTITION;
  }

  bucketOf(stream: string): number {
    return partitionOf(ownerOf(stream), BUCKETS);
  }

  async run(consumer: FeedConsumer, signal: AbortSignal): Promise<void> {
    const partition = PARTITION;
    const checkpoint = await consumer.checkpoint(partition);
    const after = checkpoint?.topicId === this.topicId ? checkpoint.position : 0;
    for await (const records of this.log.follow(after, signal)) {
      const position = records[records.length - 1]?.position ?? after;
      await consumer.deliver({
        partition,
        records,
        checkpoint: { topicId: this.topicId, offset: position, position },
      });
    }
  }
}
