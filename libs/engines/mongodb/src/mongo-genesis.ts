import type { Genesis, GenesisMemory } from '#libs/core';
import type { Collection } from 'mongodb';
import type { MongoConnection } from './connection';
import { DuplicateKeyError } from './faults';

interface GenesisDocument extends Genesis {
  readonly _id: 'genesis';
}

/** Which ledger the vault is of, beside the vault: the one is of no use without the other, and both are backed up. */
export class MongoGenesis implements GenesisMemory {
  readonly #collection: Collection<GenesisDocument>;

  constructor(private readonly connection: MongoConnection) {
    this.#collection = connection.vault.collection('genesis');
  }

  async load(): Promise<Genesis | undefined> {
    const stored = await this.connection.read('read which ledger it is', (session) =>
      this.#collection.findOne({ _id: 'genesis' }, { session }),
    );
    return stored === null ? undefined : { id: stored.id, position: stored.position };
  }

  async keep({ id, position }: Genesis): Promise<void> {
    try {
      await this.connection.write('keep which ledger it is', (session) =>
        this.#collection.insertOne({ _id: 'genesis', id, position }, { session }),
      );
    } catch (error) {
      // Another process of the same first start was faster.
      if (!(error instanceof DuplicateKeyError)) throw error;
    }
  }
}
