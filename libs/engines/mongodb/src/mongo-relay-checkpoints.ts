import { randomUUID } from 'node:crypto';
import type { RelayCheckpoint, RelayCheckpoints } from '#libs/core';
import type { Collection } from 'mongodb';
import type { MongoConnection } from './connection';
import { DuplicateKeyError, retrying } from './faults';

interface CheckpointDocument extends RelayCheckpoint {
  readonly _id: 'relay';
  /** Which call wrote it: how one that heard no answer knows its own trace. */
  readonly writtenBy: string;
}

/** The relay's checkpoint: one document, moved by compare-and-set. */
export class MongoRelayCheckpoints implements RelayCheckpoints {
  readonly #collection: Collection<CheckpointDocument>;

  constructor(connection: MongoConnection) {
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
    const moved = await retrying('move the checkpoint', async (attempt) => {
      if (expected === undefined) {
        await this.#collection.insertOne({ _id: 'relay', ...document });
        return true;
      }
      const filter = {
        _id: 'relay' as const,
        topicId: expected.topicId,
        position: expected.position,
        sequence: expected.sequence,
      };
      const { matchedCount } = await this.#collection.replaceOne(filter, document);
      if (matchedCount === 1) return true;
      return attempt === 0 ? false : undefined;
    }).catch((error: unknown) => {
      if (error instanceof DuplicateKeyError) return undefined;
      throw error;
    });
    return moved ?? (await this.#load())?.writtenBy === document.writtenBy;
  }

  #load(): Promise<CheckpointDocument | null> {
    return retrying('load the checkpoint', () => this.#collection.findOne({ _id: 'relay' }));
  }
}
