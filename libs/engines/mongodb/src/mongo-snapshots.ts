import type { Snapshot, Snapshots } from '#libs/core';
import type { Collection } from 'mongodb';
import { Batches } from './batches';
import type { MongoConnection } from './connection';
import { retrying } from './faults';

interface SnapshotDocument {
  readonly _id: string;
  readonly revision: number;
  readonly leafHash: string;
  readonly body: string;
}

/** Snapshots waiting to be stored; the oldest are dropped beyond it, for they are disposable. */
const MAX_WAITING = 1_000;
/** Streams of one question, and questions on their way. */
const LOADS = { calls: 500, inFlight: 4 };

/** Snapshots in the read models' database. They are stored some time after `save`, and no majority is waited for. */
export class MongoSnapshots implements Snapshots {
  readonly #collection: Collection<SnapshotDocument>;
  readonly #loads = new Batches((streams: readonly string[]) => this.#load(streams), LOADS);
  readonly #waiting = new Map<string, Snapshot>();
  #saving: Promise<void> | undefined;

  constructor(connection: MongoConnection) {
    this.#collection = connection.main.collection('snapshots', { writeConcern: { w: 1 } });
  }

  async load(stream: string): Promise<Snapshot | undefined> {
    const waiting = this.#waiting.get(stream);
    if (waiting !== undefined) return waiting;
    return this.#loads.add(stream);
  }

  /** Returns at once: nobody waits for what may be lost. */
  async save(snapshot: Snapshot): Promise<void> {
    this.#waiting.delete(snapshot.stream);
    this.#waiting.set(snapshot.stream, snapshot);
    if (this.#waiting.size > MAX_WAITING) {
      const oldest = this.#waiting.keys().next();
      if (oldest.done !== true) this.#waiting.delete(oldest.value);
    }
    this.#saving ??= this.#drain();
  }

  /** Resolves when nothing is waiting to be stored. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #load(streams: readonly string[]): Promise<readonly (Snapshot | undefined)[]> {
    const ids = [...new Set(streams)];
    const found = await retrying('load snapshots', () =>
      this.#collection
        .find({ _id: { $in: ids } }, { readConcern: { level: 'local' }, batchSize: ids.length })
        .toArray(),
    );
    const byStream = new Map(found.map(({ _id, ...stored }) => [_id, { stream: _id, ...stored }]));
    return streams.map((stream) => byStream.get(stream));
  }

  async #drain(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // What is saved in the same turn goes along.
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting.values()];
      const operations = batch.map(({ stream, revision, leafHash, body }) => ({
        replaceOne: { filter: { _id: stream }, replacement: { revision, leafHash, body }, upsert: true },
      }));
      try {
        await this.#collection.bulkWrite(operations, { ordered: false });
      } catch {
        // A snapshot that is not stored costs time at the next start, nothing else.
      }
      for (const snapshot of batch) {
        if (this.#waiting.get(snapshot.stream) === snapshot) this.#waiting.delete(snapshot.stream);
      }
    }
    this.#saving = undefined;
  }
}
