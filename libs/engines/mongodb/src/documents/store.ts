import { describeProjections, GroupDefinitionError, projectionsOf } from '#libs/core';
import type { DocumentGroup, DocumentsDefinition, DocumentStore, MadeWith, Pointer } from '#libs/core';
import type { Collection } from 'mongodb';
import type { MongoConnection } from '../connection';
import { MongoDocumentGroup } from './group';
import { GroupRegistry } from './registry';

const GROUP_ID = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,126}$/;

interface PointerDocument {
  readonly _id: string;
  readonly group: string;
  readonly previous?: string;
}

/** Documents in the read models' database; any number of stores may stand side by side. */
export class MongoDocumentStore implements DocumentStore {
  readonly #registry: GroupRegistry;
  readonly #pointers: Collection<PointerDocument>;

  private constructor(private readonly connection: MongoConnection) {
    this.#registry = new GroupRegistry(connection);
    this.#pointers = connection.main.collection('pointers');
  }

  static async open(connection: MongoConnection): Promise<MongoDocumentStore> {
    const store = new MongoDocumentStore(connection);
    await store.#registry.open();
    return store;
  }

  async open(id: string, projections: readonly DocumentsDefinition[]): Promise<DocumentGroup> {
    checkId(id);
    const group = (await this.#registry.get(id)) ?? (await this.#registry.make(id, projections));
    if (group.definition !== describeProjections(projections)) {
      throw new GroupDefinitionError(`Group ${id} was made with other projections, versions or indexes`);
    }
    return new MongoDocumentGroup(this.connection, this.#registry, id, projections, group.prefix);
  }

  groups(): Promise<readonly string[]> {
    return this.#registry.ids();
  }

  async madeWith(id: string): Promise<readonly MadeWith[] | undefined> {
    checkId(id);
    const group = await this.#registry.get(id);
    return group === undefined ? undefined : projectionsOf(group.definition);
  }

  async drop(id: string): Promise<void> {
    checkId(id);
    await this.#registry.drop(id);
  }

  async pointers(): Promise<readonly Pointer[]> {
    const found = await this.connection.read('read pointers', (session) =>
      this.#pointers.find({}, { session }).sort({ _id: 1 }).toArray(),
    );
    return found.map(({ _id, group, previous }) => ({
      projection: _id,
      group,
      ...(previous === undefined ? {} : { previous }),
    }));
  }

  async point(pointers: readonly Pointer[]): Promise<void> {
    if (pointers.length === 0) return;
    const operations = pointers.map(({ projection, group, previous }) => ({
      replaceOne: {
        filter: { _id: projection },
        replacement: { group, ...(previous === undefined ? {} : { previous }) },
        upsert: true,
      },
    }));
    await this.connection.transaction('move pointers', async (session) => {
      await this.#pointers.bulkWrite(operations, { session });
    });
  }
}

function checkId(id: string): void {
  if (!GROUP_ID.test(id)) throw new RangeError(`${JSON.stringify(id)} cannot name a group`);
}
