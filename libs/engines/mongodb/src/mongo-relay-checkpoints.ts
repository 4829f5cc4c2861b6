import { randomUUID } from 'node:crypto';
import type { RelayCheckpoint, RelayCheckpoints } from '#libs/core';
import type { Collection } from 'mongodb';
import type { MongoConnection } from './connection';
import { DuplicateKeyError } from './faults';

interface CheckpointDocument extends RelayCheckpoint {
  readonly _id: 'relay';
  /** Which call wrote it: how one that heard no answer knows its own trace. */
  readonly writtenBy: string;
}

/** The relay's checkpoint: one document, moved by compare-and-set. */
export class MongoRelayCheckpoints implements RelayCheckpoints {
  readonly #collection: Collection<CheckpointDocument>;

  constructor(private readonly connection: MongoConnection) {
    this.#collection = connection.main.collection('relay_checkpoint');
  }

  async load(): Promise<RelayCheckpoint | undefined> {
    const stored = await this.#load();
    if (stored === null) return undefined;
    const { topicId, position, sequence } = stored;
    return { topicId, position, sequence };
  }

  async save(expected: RelayCheckpoint | undefined, next: RelayCheckpoint): Promise<boolean> {
    const { topicId, position, sequence } = next;
    const document = { topicId, position, sequence, writtenBy: randomUUID() };
    const moving = this.connection.write('move the checkpoint', async (session, attempt) => {
      if (expected === undefined) {
        await this.#collection.insertOne({ _id: 'relay', ...document }, { session });
        return true;
      }
      const filter = {
        _id: 'relay' as const,
        topicId: expected.topicId,
        position: expected.position,
        sequence: expected.sequence,
      };
      const { matchedCount } = await this.#collection.replaceOne(filter, document, { session });
      if (matchedCount === 1) return true;
      return attempt === 0 ? false : undefined;
    });
    const moved = await moving.catch((error: unknown) => {
      if (error instanceof DuplicateKeyError) return undefined;
      throw error;
    });
    return moved ?? (await this.#load())?.writtenBy === document.writtenBy;
  }

  #load(): Promise<CheckpointDocument | null> {
    return this.connection.read('load the checkpoint', (session) =>
      this.#collection.findOne({ _id: 'relay' }, { session }),
    );
  }
}
