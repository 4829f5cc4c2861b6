import { CUSTOMER_STREAM } from '#libs/core';
import type { DocumentGroup, EventFeed, EventLog, StoredRecord } from '#libs/core';

/** Streams that one step looks at, and records that it fills: a step is one batch among others. */
const STREAMS_A_STEP = 200;
const RECORDS_A_STEP = 2_000;

export interface SweepPorts {
  readonly log: EventLog;
  readonly feed: EventFeed;
  readonly group: DocumentGroup;
  /** Whether this process folds the partition now. */
  readonly owns: (partition: number) => boolean;
  /** Folds records of one partition in its turn, as a delivery does. */
  readonly fold: (partition: number, records: readonly StoredRecord[]) => Promise<void>;
}

/**
 * Finds tails that the feed never delivered: a gap is seen when the next event of a stream comes, a lost last event only
 * by asking the log. Goes round all streams, some at a time; what the feed delivers meanwhile is a repeat and skipped.
 */
export class TailSweep {
  #cursor: string | undefined;

  constructor(private readonly ports: SweepPorts) {}

  /** One step; answers how many records it has found missing and folded. */
  async step(): Promise<number> {
    const { log, feed, group, owns, fold } = this.ports;
    const { items, next } = await log.streams(this.#cursor, STREAMS_A_STEP);
    const mine = items.filter(
      ({ stream }) => stream.startsWith(CUSTOMER_STREAM) && owns(feed.partitionOf(stream)),
    );
    const progress = await group.progress(mine.map(({ stream }) => stream));
    const missing = new Map<number, StoredRecord[]>();
    let left = RECORDS_A_STEP;
    for (const [i, { stream, revision }] of mine.entries()) {
      const from = (progress[i]?.revision ?? -1) + 1;
      // A parked stream's tail waits in the log on purpose.
      if (from > revision || left === 0 || progress[i]?.parked !== undefined) continue;
      const records = await log.readStream(stream, from, Math.min(left, revision - from + 1));
      left -= records.length;
      const partition = feed.partitionOf(stream);
      const list = missing.get(partition);
      if (list === undefined) missing.set(partition, [...records]);
      else list.push(...records);
    }
    for (const [partition, records] of missing) await fold(partition, records);
    // Where not all could be filled, the same streams are looked at again.
    if (left > 0) this.#cursor = next;
    return RECORDS_A_STEP - left;
  }
}
