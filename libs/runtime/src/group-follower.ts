import { CUSTOMER_STREAM, EngineError, pause } from '#libs/core';
import type { Checkpoint, EventFeed, EventLog, FeedBatch, FeedConsumer, StoredRecord } from '#libs/core';
import { FencedError } from './group-projector';
import type { GroupProjector } from './group-projector';
import { TailSweep } from './tail-sweep';
import { breathe, Turns } from './waiting';

/** Pause after a fault of an engine, before the feed is read on. */
const RETRY_MS = 500;
/** Pause between two steps of the sweep: a ledger of 10,000 customers is gone round in about eight minutes. */
const SWEEP_EVERY_MS = 10_000;
/** How often it is looked whether somebody asked for another try of what is parked. */
const DRAIN_EVERY_MS = 250;
/** Parked streams tried in one round. */
const DRAIN_AT_ONCE = 100;

/** Follows the feed with one group, sweeps for what it has lost, and drains what was parked, each partition's batches one after the other. */
export class GroupFollower implements FeedConsumer {
  /** As last committed, or as read when a partition was assigned. */
  readonly #checkpoints = new Map<number, Checkpoint | undefined>();
  readonly #turns = new Map<number, Turns>();

  constructor(
    readonly projector: GroupProjector,
    private readonly log: EventLog,
    private readonly feed: EventFeed,
    /** Told each fault that another try may mend. */
    private readonly onTrouble: (error: unknown) => void = () => undefined,
  ) {}

  get name(): string {
    return this.projector.group.id;
  }

  /** Partitions that were assigned to this process since it began. */
  get partitions(): readonly number[] {
    return [...this.#checkpoints.keys()].toSorted((a, b) => a - b);
  }

  /** Goes on until aborted. Rejects with what no other try can mend: a fold that throws, an event that can't be read. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const ended = (): void => stop.abort();
    const loops = [this.#follow(both), this.#sweep(both), this.#drain(both)];
    await Promise.all(loops.map((loop) => loop.finally(ended)));
  }

  async checkpoint(partition: number): Promise<Checkpoint | undefined> {
    // In turn: what was read before and is not committed yet would pass for what is read after.
    return this.#inTurn(partition, async () => {
      // The partition may have been another process's meanwhile: what is remembered of it may be old.
      this.projector.forget();
      const checkpoint = await this.projector.group.checkpoint(partition);
      this.#checkpoints.set(partition, checkpoint);
      return checkpoint;
    });
  }

  async deliver({ partition, records, checkpoint: next }: FeedBatch): Promise<void> {
    const customers = records.filter(({ stream }) => stream.startsWith(CUSTOMER_STREAM));
    await this.#inTurn(partition, async () => {
      const expected = this.#checkpoints.get(partition);
      await this.projector.apply(customers, { partition, expected, next });
      this.#checkpoints.set(partition, next);
    });
    await breathe();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    await this.#retrying(signal, async () => {
      await this.feed.run(this, signal);
      return 'ended';
    });
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { log, feed } = this;
    const { group } = this.projector;
    const owns = (partition: number): boolean => this.#checkpoints.has(partition);
    const fold = (partition: number, records: readonly StoredRecord[]): Promise<void> =>
      this.#aside(partition, async (expected) => {
        await this.projector.apply(records, { partition, expected, next: expected });
      });
    const sweep = new TailSweep({ log, feed, group, owns, fold });
    await this.#retrying(signal, async () => {
      await pause(SWEEP_EVERY_MS, signal);
      if (!signal.aborted) await sweep.step();
      return 'again';
    });
  }

  /** Streams that are marked are tried again, in order and to their ends, between two batches of their partition. */
  async #drain(signal: AbortSignal): Promise<void> {
    const { group } = this.projector;
    await this.#retrying(signal, async () => {
      await pause(DRAIN_EVERY_MS, signal);
      let after: string | undefined;
      while (!signal.aborted) {
        const marked = await group.parked(after, DRAIN_AT_ONCE, 'retry');
        for (const progress of marked) {
          const partition = this.feed.partitionOf(progress.stream);
          if (signal.aborted || !this.#checkpoints.has(partition)) continue;
          await this.#aside(partition, async (expected) => {
            await this.projector.drain(progress, { partition, expected, next: expected });
          });
        }
        after = marked[marked.length - 1]?.stream;
        if (marked.length < DRAIN_AT_ONCE) break;
      }
      return 'again';
    });
  }

  /**
   * Again after a disk that is full, a server that is away, a partition that went to another process in the middle of a
   * batch: nothing was kept, so the same again, from the stored checkpoints.
   */
  async #retrying(signal: AbortSignal, work: () => Promise<'ended' | 'again'>): Promise<void> {
    while (!signal.aborted) {
      try {
        if ((await work()) === 'ended') return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof EngineError || error instanceof FencedError)) throw error;
        this.onTrouble(error);
        await pause(RETRY_MS, signal);
      }
    }
  }

  /** What the feed did not deliver. A partition that another process writes by now is none of ours until it is assigned again. */
  #aside(partition: number, work: (expected: Checkpoint | undefined) => Promise<void>): Promise<void> {
    return this.#inTurn(partition, async () => {
      if (!this.#checkpoints.has(partition)) return;
      try {
        await work(this.#checkpoints.get(partition));
      } catch (error) {
        if (error instanceof FencedError) this.#checkpoints.delete(partition);
        throw error;
      }
    });
  }

  /** A delivery and the sweep never commit one partition at the same time: one of them would be fenced. */
  #inTurn<T>(partition: number, work: () => Promise<T>): Promise<T> {
    let turns = this.#turns.get(partition);
    if (turns === undefined) this.#turns.set(partition, (turns = new Turns()));
    return turns.take(work);
  }
}
