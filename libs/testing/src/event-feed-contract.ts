import type { Checkpoint, EventFeed, EventLog, FeedBatch, FeedConsumer, StoredRecord } from '#libs/core';
import { eventually, withEngine } from './engine-under-test';
import type { EngineUnderTest } from './engine-under-test';
import { appendTo, fill, streamOf } from './opaque-records';

/** A feed and the log that it delivers. */
export interface FedLog {
  readonly log: EventLog;
  readonly feed: EventFeed;
}

/** Keeps what it is given, and its checkpoints, as a projector would; each run begins where the last one ended. */
class Consumer implements FeedConsumer {
  readonly name = 'consumer';
  readonly records: StoredRecord[] = [];
  readonly checkpoints = new Map<number, Checkpoint>();
  readonly faults: string[] = [];
  readonly #busy = new Set<number>();
  /** Called with each batch before it counts as delivered. */
  before: (batch: FeedBatch) => Promise<void> = async () => undefined;

  async checkpoint(partition: number): Promise<Checkpoint | undefined> {
    return this.checkpoints.get(partition);
  }

  async deliver(batch: FeedBatch): Promise<void> {
    const { partition, records, checkpoint } = batch;
    if (this.#busy.has(partition)) this.faults.push('a batch before the last one of its partition was taken');
    this.#busy.add(partition);
    try {
      await this.before(batch);
    } finally {
      this.#busy.delete(partition);
    }
    const last = this.checkpoints.get(partition);
    if (last?.topicId === checkpoint.topicId && checkpoint.offset < last.offset)
      this.faults.push('offsets went back');
    if (records.some(({ position }) => position > checkpoint.position))
      this.faults.push('a position beyond its checkpoint');
    this.records.push(...records);
    this.checkpoints.set(partition, checkpoint);
  }

  /** Each stream's revisions, repeats left out: in order and without gaps where delivery was. */
  revisions(): Record<string, readonly number[]> {
    const streams: Record<string, number[]> = {};
    for (const { stream, rev } of this.records) {
      const seen = (streams[stream] ??= []);
      if (!seen.includes(rev)) seen.push(rev);
    }
    return streams;
  }

  /** Runs the feed until `count` different records are there. */
  async take(feed: EventFeed, count: number): Promise<void> {
    const stop = new AbortController();
    const running = feed.run(this, stop.signal);
    const ids = (): number => new Set(this.records.map(({ id }) => id)).size;
    try {
      await Promise.race([eventually(`${count} records delivered`, () => ids() >= count), running]);
    } finally {
      stop.abort();
      await running;
    }
    if (ids() > count) throw new Error(`${ids()} records where ${count} are there`);
  }
}

const upTo = (last: number): readonly number[] => Array.from({ length: last + 1 }, (_, rev) => rev);

/** Held to by every `EventFeed`. */
export function eventFeedContract(name: string, make: () => Promise<EngineUnderTest<FedLog>>): void {
  describe(`${name}: event feed`, () => {
    withEngine(make, (fed, reopened) => {
      it('delivers everything from the start, then what is appended, in order per stream', async () => {
        const { log, feed } = fed();
        await fill(log, streamOf(1), 5);
        await fill(log, streamOf(2), 2);
        const consumer = new Consumer();
        let more: Promise<unknown> | undefined;
        consumer.before = async () => {
          more ??= Promise.all([appendTo(log, streamOf(1), 4, {}, {}), fill(log, streamOf(3), 1)]);
          await more;
        };
        await consumer.take(feed, 10);
        expect(consumer.revisions()).toEqual({
          [streamOf(1)]: upTo(6),
          [streamOf(2)]: upTo(1),
          [streamOf(3)]: upTo(0),
        });
        expect(consumer.faults).toEqual([]);
      });

      it('goes on from its checkpoint, in another run and after a restart', async () => {
        const consumer = new Consumer();
        await fill(fed().log, streamOf(1), 4);
        await consumer.take(fed().feed, 4);
        const [before] = [...consumer.checkpoints.values()];
        await appendTo(fed().log, streamOf(1), 3, {}, {});
        await consumer.take(fed().feed, 6);
        const { log, feed } = await reopened();
        await appendTo(log, streamOf(1), 5, {});
        const delivered = consumer.records.length;
        await consumer.take(feed, 7);
        expect(consumer.revisions()).toEqual({ [streamOf(1)]: upTo(6) });
        expect(consumer.records.slice(delivered).map(({ rev }) => rev)).toContain(6);
        expect(consumer.faults).toEqual([]);
        const [after] = [...consumer.checkpoints.values()];
        expect(after?.topicId).toBe(before?.topicId);
        expect(after?.position).toBeGreaterThan(before?.position ?? Infinity);
      });

      it('ends with the error of a consumer, and delivers that batch again', async () => {
        const { log, feed } = fed();
        await fill(log, streamOf(1), 3);
        const consumer = new Consumer();
        consumer.before = () => Promise.reject(new Error('no room'));
        await expect(feed.run(consumer, new AbortController().signal)).rejects.toThrow('no room');
        expect(consumer.records).toEqual([]);
        consumer.before = async () => undefined;
        await consumer.take(feed, 3);
        expect(consumer.revisions()).toEqual({ [streamOf(1)]: upTo(2) });
      });

      it('ends with the error of a checkpoint that can’t be read', async () => {
        const consumer = new Consumer();
        const failing: FeedConsumer = {
          name: 'failing',
          checkpoint: () => Promise.reject(new Error('no checkpoint')),
          deliver: (batch) => consumer.deliver(batch),
        };
        await fill(fed().log, streamOf(1), 1);
        await expect(fed().feed.run(failing, new AbortController().signal)).rejects.toThrow('no checkpoint');
        expect(consumer.records).toEqual([]);
      });

      it('loses nothing after the position of a checkpoint of another topic', async () => {
        const { log, feed } = fed();
        await fill(log, streamOf(1), 4);
        const first = new Consumer();
        await first.take(feed, 4);
        const consumer = new Consumer();
        for (const [partition, { offset, position }] of first.checkpoints) {
          consumer.checkpoints.set(partition, { topicId: 'another topic', offset: offset + 1_000, position });
        }
        const stop = new AbortController();
        const running = feed.run(consumer, stop.signal);
        await appendTo(log, streamOf(1), 3, {}, {});
        await eventually('the new records', () => consumer.records.some(({ rev }) => rev === 5));
        stop.abort();
        await running;
        expect(consumer.revisions()[streamOf(1)]?.slice(-2)).toEqual([4, 5]);
        const topics = new Set([...consumer.checkpoints.values()].map(({ topicId }) => topicId));
        expect([...topics]).toEqual([
          ...new Set([...first.checkpoints.values()].map(({ topicId }) => topicId)),
        ]);
      });

      it('knows where it ends: what was delivered stands before, what comes later after', async () => {
        const { log, feed } = fed();
        await fill(log, streamOf(1), 3);
        const consumer = new Consumer();
        await consumer.take(feed, 3);
        const ends = await feed.ends();
        for (const [partition, { topicId, offset, position }] of consumer.checkpoints) {
          expect(ends.get(partition)).toEqual({ topicId, offset, position: expect.any(Number) });
          expect(ends.get(partition)?.position).toBeLessThanOrEqual(position);
        }
        await appendTo(log, streamOf(1), 2, {}, {});
        await consumer.take(feed, 5);
        const offsets = [...consumer.checkpoints].map(([partition, { offset }]) => [partition, offset]);
        expect(
          offsets.some(([partition = 0, offset = 0]) => offset > (ends.get(partition)?.offset ?? 0)),
        ).toBe(true);
      });

      it('puts streams into several buckets, each of one partition', () => {
        const { feed } = fed();
        const streams = Array.from({ length: 100 }, (_, n) => streamOf(n));
        const partitions = new Map<number, Set<number>>();
        for (const stream of streams) {
          const bucket = feed.bucketOf(stream);
          expect(feed.bucketOf(stream)).toBe(bucket);
          partitions.set(bucket, (partitions.get(bucket) ?? new Set()).add(feed.partitionOf(stream)));
        }
        expect(partitions.size).toBeGreaterThan(1);
        for (const of of partitions.values()) expect(of.size).toBe(1);
      });

      it('delivers nothing once it is aborted', async () => {
        await fill(fed().log, streamOf(1), 1);
        const consumer = new Consumer();
        await fed().feed.run(consumer, AbortSignal.abort());
        expect(consumer.records).toEqual([]);
      });
    });
  });
}
