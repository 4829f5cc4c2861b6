import { EngineError } from '#libs/core';
import type {
  ApiKeyRow,
  CustomerRow,
  IdentifierEntry,
  Vault,
  VaultContent,
  VaultResult,
  VaultWrite,
} from '#libs/core';
import type { ClientSession, Collection } from 'mongodb';
import { Batches } from './batches';
import type { MongoConnection } from './connection';
import { DuplicateKeyError, retrying } from './faults';
import { inChunks } from './in-chunks';
import { copyContent, entryOf, restoreContent, rowOf } from './vault-content';
import type { CustomerDocument, IdentifierDocument } from './vault-content';

interface SecretsDocument {
  readonly _id: 'ledger';
  readonly body: string;
}
type ApiKeyDocument = Omit<ApiKeyRow, 'keyId'> & { readonly _id: string };

const WRITTEN: VaultResult = { outcome: 'written' };
const STALE: VaultResult = { outcome: 'stale' };
/** Changes of one transaction, and transactions on their way. */
const WRITES = { calls: 500, inFlight: 2 };
const READS = { calls: 1_000, inFlight: 4 };
/** Who holds an entry may free it while we look for its name; then the change is tried again. */
const MAX_ATTEMPTS = 16;

/** Thrown in a transaction to take it back: a row is not of the version that it must have. */
class Refusal extends Error {}

/** The vault in a database of its own. One customer's row is one document; rows and entries of one change are one transaction. */
export class MongoVault implements Vault {
  readonly #writes = new Batches((changes: readonly VaultWrite[]) => this.#writeAll(changes), WRITES);
  readonly #rows = new Batches((ids: readonly string[]) => this.#readRows(ids), READS);
  readonly #entries = new Batches((indexes: readonly string[]) => this.#readEntries(indexes), READS);
  readonly #secrets: Collection<SecretsDocument>;
  readonly #customers: Collection<CustomerDocument>;
  readonly #identifiers: Collection<IdentifierDocument>;
  readonly #apiKeys: Collection<ApiKeyDocument>;

  private constructor(private readonly connection: MongoConnection) {
    this.#secrets = connection.vault.collection('secrets');
    this.#customers = connection.vault.collection('customers');
    this.#identifiers = connection.vault.collection('identifiers');
    this.#apiKeys = connection.vault.collection('api_keys');
  }

  static async open(connection: MongoConnection): Promise<MongoVault> {
    const vault = new MongoVault(connection);
    await retrying('open the vault', async () => {
      await vault.#identifiers.createIndex({ customerId: 1 });
      await vault.#apiKeys.createIndex({ hash: 1 }, { unique: true });
    });
    return vault;
  }

  async secrets(): Promise<string | undefined> {
    const stored = await this.connection.read('read the secrets', (session) =>
      this.#secrets.findOne({ _id: 'ledger' }, { session }),
    );
    return stored?.body;
  }

  async createSecrets(body: string): Promise<void> {
    try {
      await this.connection.write('create the secrets', (session) =>
        this.#secrets.insertOne({ _id: 'ledger', body }, { session }),
      );
    } catch (error) {
      // Ours, if an answer was lost; the body holds random keys, so nobody else's is the same.
      if (!(error instanceof DuplicateKeyError) || (await this.secrets()) !== body) throw error;
    }
  }

  rows(customerIds: readonly string[]): Promise<readonly (CustomerRow | undefined)[]> {
    return Promise.all(customerIds.map((id) => this.#rows.add(id)));
  }

  lookup(indexes: readonly string[]): Promise<readonly (IdentifierEntry | undefined)[]> {
    return Promise.all(indexes.map((index) => this.#entries.add(index)));
  }

  write(change: VaultWrite): Promise<VaultResult> {
    return this.#writes.add(change);
  }

  async free({ index, customerId, linkedBy }: IdentifierEntry): Promise<void> {
    await this.connection.write('free an identifier', (session) =>
      this.#identifiers.deleteOne({ _id: index, customerId, linkedBy }, { session }),
    );
  }

  copy(cursor: string | undefined, limit: number): Promise<VaultContent & { readonly next?: string }> {
    const collections = { customers: this.#customers, identifiers: this.#identifiers };
    return copyContent(this.connection, collections, cursor, limit);
  }

  restore(content: VaultContent): Promise<VaultResult> {
    const collections = { customers: this.#customers, identifiers: this.#identifiers };
    return this.connection.transaction('restore the vault', (session) =>
      restoreContent(collections, content, session),
    );
  }

  async apiKeys(): Promise<readonly ApiKeyRow[]> {
    const found = await this.connection.read('read API keys', (session) =>
      this.#apiKeys.find({}, { session }).sort({ createdAt: 1, _id: 1 }).toArray(),
    );
    return found.map(({ _id, ...row }) => ({ keyId: _id, ...row }));
  }

  async putApiKey({ keyId, ...row }: ApiKeyRow): Promise<void> {
    await this.connection.write('put an API key', (session) =>
      this.#apiKeys.replaceOne({ _id: keyId }, row, { upsert: true, session }),
    );
  }

  async removeApiKey(keyId: string): Promise<boolean> {
    return this.connection.write('remove an API key', async (session, attempt) => {
      const { deletedCount } = await this.#apiKeys.deleteOne({ _id: keyId }, { session });
      // A try whose answer was lost may have removed it; nobody is told then that there was none.
      return deletedCount > 0 || attempt > 0;
    });
  }

  async #readRows(customerIds: readonly string[]): Promise<readonly (CustomerRow | undefined)[]> {
    const found = await inChunks([...new Set(customerIds)], (ids) =>
      this.connection.read('read rows', (session) =>
        this.#customers.find({ _id: { $in: ids } }, { session, batchSize: ids.length }).toArray(),
      ),
    );
    const rows = new Map(found.map(rowOf).map((row) => [row.customerId, row]));
    return customerIds.map((id) => rows.get(id));
  }

  async #readEntries(indexes: readonly string[]): Promise<readonly (IdentifierEntry | undefined)[]> {
    const found = await inChunks([...new Set(indexes)], (ids) =>
      this.connection.read('look identifiers up', (session) =>
        this.#identifiers.find({ _id: { $in: ids } }, { session, batchSize: ids.length }).toArray(),
      ),
    );
    const entries = new Map(found.map(entryOf).map((entry) => [entry.index, entry]));
    return indexes.map((index) => entries.get(index));
  }

  /** All in one transaction; where one of them is refused, each half again, so that it alone is in the end. */
  async #writeAll(changes: readonly VaultWrite[]): Promise<readonly VaultResult[]> {
    const [only] = changes;
    if (only !== undefined && changes.length === 1) return [await this.#writeOne(only)];
    if (areApart(changes)) {
      try {
        await this.connection.transaction('write the vault', (session) => this.#put(changes, session));
        return changes.map(() => WRITTEN);
      } catch (error) {
        if (!(error instanceof Refusal) && !(error instanceof DuplicateKeyError)) throw error;
      }
    }
    const half = changes.length >> 1;
    const first = await this.#writeAll(changes.slice(0, half));
    return [...first, ...(await this.#writeAll(changes.slice(half)))];
  }

  async #writeOne(change: VaultWrite): Promise<VaultResult> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      try {
        const several = (change.entries ?? []).length > 0;
        await (several
          ? this.connection.transaction('write the vault', (session) => this.#put([change], session))
          : this.connection.write('write a row', (session) => this.#put([change], session)));
        return WRITTEN;
      } catch (error) {
        if (!(error instanceof Refusal) && !(error instanceof DuplicateKeyError)) throw error;
        const refused = await this.#whyRefused(change);
        if (refused !== undefined) return refused;
      }
    }
    throw new EngineError(
      `mongodb: write the vault: its entries changed hands ${MAX_ATTEMPTS} times meanwhile`,
    );
  }

  /** Throws `Refusal`, or has a `DuplicateKeyError` thrown, where one of the changes can't be made as it is. */
  async #put(changes: readonly VaultWrite[], session: ClientSession): Promise<void> {
    const options = { ordered: false, session };
    // An upsert that finds no entry of this customer's inserts one; another customer's then is a duplicate.
    const entries = changes.flatMap(({ entries: own = [] }) =>
      own.map(({ index, customerId, linkedBy, unlinkedBy }) => ({
        replaceOne: {
          filter: { _id: index, customerId },
          replacement: { customerId, linkedBy, ...(unlinkedBy === undefined ? {} : { unlinkedBy }) },
          upsert: true,
        },
      })),
    );
    if (entries.length > 0) await this.#identifiers.bulkWrite(entries, options);
    const rows = changes.flatMap(({ row }) => (row === undefined ? [] : [row]));
    if (rows.length === 0) return;
    const operations = rows.map(({ customerId: _id, version, body }) =>
      version === 1
        ? { insertOne: { document: { _id, version, body } } }
        : { updateOne: { filter: { _id, version: version - 1 }, update: { $set: { version, body } } } },
    );
    const { insertedCount, matchedCount } = await this.#customers.bulkWrite(operations, options);
    if (insertedCount + matchedCount < rows.length) throw new Refusal();
  }

  async #whyRefused({ row, entries = [] }: VaultWrite): Promise<VaultResult | undefined> {
    const stored = await this.#readEntries(entries.map(({ index }) => index));
    const taken = stored.find(
      (entry, i) => entry !== undefined && entry.customerId !== entries[i]?.customerId,
    );
    if (taken !== undefined) return { outcome: 'taken', entry: taken };
    if (row === undefined) return undefined;
    const [present] = await this.#readRows([row.customerId]);
    // Wrapped keys are random: a row with the same body was written by this call, which heard no answer.
    if (present?.version === row.version && present.body === row.body) return WRITTEN;
    return (present?.version ?? 0) === row.version - 1 ? undefined : STALE;
  }
}

/** No two of them about the same row or entry: those are settled one after the other. */
function areApart(changes: readonly VaultWrite[]): boolean {
  const seen = new Set<string>();
  let parts = 0;
  for (const { row, entries = [] } of changes) {
    if (row !== undefined) seen.add(`row ${row.customerId}`);
    for (const { index } of entries) seen.add(`entry ${index}`);
    parts += entries.length + (row === undefined ? 0 : 1);
  }
  return seen.size === parts;
}
