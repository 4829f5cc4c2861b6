import { describeProjections } from '#libs/core';
import { randomBytes } from 'node:crypto';
import type { DocumentsDefinition } from '#libs/core';
import type { ClientSession, Collection } from 'mongodb';
import type { MongoConnection } from '../connection';
import { DuplicateKeyError, retrying } from '../faults';
import { documentsName, indexDescriptions, PARKED_INDEX, progressName } from './definition';

export interface GroupDocument {
  readonly _id: string;
  /** Of its collections' names; a group made again has another, so nobody writes into the new one by mistake. */
  readonly prefix: string;
  readonly definition: string;
}

const PREFIX_BYTES = 4;

/** Which groups there are, and where their collections are. */
export class GroupRegistry {
  readonly #groups: Collection<GroupDocument>;

  constructor(private readonly connection: MongoConnection) {
    this.#groups = connection.main.collection('groups');
  }

  /** Made before it is read in a transaction: there a collection that is not there yet may not appear. */
  async open(): Promise<void> {
    await retrying('open the groups', () => this.#groups.createIndex({ prefix: 1 }, { unique: true }));
  }

  async get(id: string): Promise<GroupDocument | undefined> {
    const stored = await this.connection.read('find a group', (session) =>
      this.#groups.findOne({ _id: id }, { session }),
    );
    return stored ?? undefined;
  }

  async has(id: string, prefix: string, session: ClientSession): Promise<boolean> {
    return (await this.#groups.findOne({ _id: id, prefix }, { session })) !== null;
  }

  async ids(): Promise<readonly string[]> {
    const found = await this.connection.read('list groups', (session) =>
      this.#groups.find({}, { session }).sort({ _id: 1 }).toArray(),
    );
    return found.map(({ _id }) => _id);
  }

  /** Collections and indexes first, then the entry: a group that is listed is whole. */
  async make(id: string, projections: readonly DocumentsDefinition[]): Promise<GroupDocument> {
    const prefix = `${id}-${randomBytes(PREFIX_BYTES).toString('hex')}`;
    const group = { _id: id, prefix, definition: describeProjections(projections) };
    await retrying('make a group', async () => {
      for (const definition of projections) {
        const collection = this.connection.main.collection(documentsName(prefix, definition));
        const indexes = indexDescriptions(definition);
        if (indexes.length > 0) await collection.createIndexes(indexes);
      }
      const progress = this.connection.main.collection(progressName(prefix));
      await progress.createIndex(...PARKED_INDEX);
    });
    try {
      await this.connection.write('list a group', (session) => this.#groups.insertOne(group, { session }));
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
    }
    // Another process may have made it meanwhile; then what was made here goes again.
    const stored = await this.get(id);
    if (stored?.prefix !== prefix) await this.#dropCollections(prefix);
    return stored ?? group;
  }

  async drop(id: string): Promise<void> {
    const group = await this.get(id);
    if (group === undefined) return;
    await this.connection.write('drop a group', (session) =>
      this.#groups.deleteOne({ _id: id, prefix: group.prefix }, { session }),
    );
    await this.#dropCollections(group.prefix);
  }

  async #dropCollections(prefix: string): Promise<void> {
    await retrying('drop collections', async () => {
      const named = { name: { $regex: `^${prefix.replaceAll(/[.+]/g, String.raw`\$&`)}\\.` } };
      const found = await this.connection.main.listCollections(named, { nameOnly: true }).toArray();
      for (const { name } of found) await this.connection.main.dropCollection(name);
    });
  }
}
