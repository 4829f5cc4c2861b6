import { EngineError } from '#libs/core';
import type { Genesis, GenesisMemory } from '#libs/engines/eventstoredb';
import type { MongoConnection } from '#libs/engines/mongodb';

interface GenesisDocument extends Genesis {
  readonly _id: 'genesis';
}

/** Which ledger the vault is of, beside the vault: the one is of no use without the other, and both are backed up. */
export class MongoGenesis implements GenesisMemory {
  constructor(private readonly connection: MongoConnection) {}

  async load(): Promise<Genesis | undefined> {
    return this.connection.transaction('read which ledger it is', async (session) => {
      const stored = await this.#collection().findOne({ _id: 'genesis' }, { session });
      return stored === null ? undefined : { id: stored.id, position: stored.position };
    });
  }

  async keep({ id, position }: Genesis): Promise<void> {
    try {
      await this.connection.transaction('keep which ledger it is', async (session) => {
        if ((await this.#collection().findOne({ _id: 'genesis' }, { session })) !== null) return;
        await this.#collection().insertOne({ _id: 'genesis', id, position }, { session });
      });
    } catch (error) {
      // Another process of the same first start was faster.
      if (!(error instanceof EngineError) || (await this.load()) === undefined) throw error;
    }
  }

  #collection() {
    return this.connection.vault.collection<GenesisDocument>('genesis');
  }
}
