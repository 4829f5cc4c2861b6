import { EngineError } from '#libs/core';
import type { Checkpoint, EventFeed, FeedBatch, FeedConsumer, StoredRecord } from '#libs/core';
import { eventually } from '#libs/testing';

const TAKE_TIMEOUT_MS = 60_000;

/** What several members of a group write to, as read models are written: by compare-and-set, each effect once. */
export class EffectStore {
  readonly checkpoints = new Map<number, Checkpoint>();
  readonly heads = new Map<string, number>();
  effects = 0;
  repeats = 0;
  /** Records whose forerunner had not been delivered: a loss, or an order that was not kept. */
  gaps = 0;

  /** False where another member has moved the checkpoint. */
  commit(expected: Checkpoint | undefined, { partition, records, checkpoint }: FeedBatch): boolean {
    if (this.checkpoints.get(partition) !== expected) return false;
    for (const record of records) this.#apply(record);
    this.checkpoints.set(partition, checkpoint);
    return true;
  }

  #apply({ stream, rev }: StoredRecord): void {
    const head = this.heads.get(stream) ?? -1;
    if (rev <= head) {
      this.repeats += 1;
      return;
    }
    if (rev > head + 1) this.gaps += 1;
    this.heads.set(stream, rev);
    this.effects += 1;
  }
}

/** A member that keeps what it is given in a store. */
export class CheckpointedConsumer implements FeedConsumer {
  readonly name = 'effects';
  readonly partitions = new Set<number>();
  fenced = 0;
  delivered = 0;
  engineFaults = 0;
  readonly #expected = new Map<number, Checkpoint | undefined>();
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** Called with each batch before it is committed. */
  before: (batch: FeedBatch) => Promise<void> = async () => undefined;

  constructor(readonly store: EffectStore) {}

  async checkpoint(partition: number): Promise<Checkpoint | undefined> {
    const checkpoint = this.store.checkpoints.get(partition);
    this.partitions.add(partition);
    this.#expected.set(partition, checkpoint);
    return checkpoint;
  }

  async deliver(batch: FeedBatch): Promise<void> {
    await this.before(batch);
    if (!this.store.commit(this.#expected.get(batch.partition), batch)) {
      this.fenced += 1;
      throw new Error('fenced');
    }
    this.#expected.set(batch.partition, batch.checkpoint);
    this.delivered += batch.records.length;
  }

  start(feed: EventFeed): void {
    this.#stop = new AbortController();
    this.#running = this.#run(feed, this.#stop.signal);
    // It is looked at when it is awaited.
    this.#running.catch(() => undefined);
  }

  /** As the projector does: after a fault of the engine the same again, from the checkpoints. */
  async #run(feed: EventFeed, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await feed.run(this, signal);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        this.engineFaults += 1;
      }
    }
  }

  /** Waits for something while it runs; a run that ends before is a failure. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const ended = this.#running.then(() => Promise.reject(new Error(`the run ended before: ${what}`)));
    await Promise.race([eventually(what, holds, TAKE_TIMEOUT_MS), ended]);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Runs until the store has seen `effects` effects. */
  async take(feed: EventFeed, effects: number): Promise<void> {
    this.start(feed);
    try {
      await this.until(`${effects} effects`, () => this.store.effects >= effects);
    } finally {
      await this.stop();
    }
  }
}
