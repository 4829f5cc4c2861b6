import type {
  ApiKeyRow,
  CustomerRow,
  IdentifierEntry,
  Vault,
  VaultContent,
  VaultResult,
  VaultWrite,
} from '#libs/core';
import { StorageError } from '../storage-thread';
import type { Storage } from '../storage-thread';
import type { VaultReader } from './vault-reader';

/** Changes that one commit takes. */
const MAX_COMMIT_CHANGES = 1_000;

interface Queued {
  readonly change: VaultWrite;
  readonly resolve: (result: VaultResult) => void;
  readonly reject: (error: unknown) => void;
}

/** The vault in a SQLite file of its own: changes of all callers are committed together, reads go past the writer. */
export class EmbeddedVault implements Vault {
  #queue: Queued[] = [];
  #writing = false;

  constructor(
    private readonly storage: Storage,
    private readonly reader: VaultReader,
  ) {}

  async secrets(): Promise<string | undefined> {
    return this.reader.secrets();
  }

  createSecrets(body: string): Promise<void> {
    return this.storage.call('createSecrets', body);
  }

  async rows(customerIds: readonly string[]): Promise<readonly (CustomerRow | undefined)[]> {
    return this.reader.rows(customerIds);
  }

  async lookup(indexes: readonly string[]): Promise<readonly (IdentifierEntry | undefined)[]> {
    return this.reader.lookup(indexes);
  }

  write(change: VaultWrite): Promise<VaultResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ change, resolve, reject });
      if (!this.#writing) {
        this.#writing = true;
        queueMicrotask(() => void this.#drain());
      }
    });
  }

  /** One commit at a time; what comes meanwhile is the next one. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MAX_COMMIT_CHANGES);
      try {
        const results = await this.storage.call(
          'writeVault',
          batch.map(({ change }) => change),
        );
        for (const [i, { resolve, reject }] of batch.entries()) {
          const result = results[i];
          if (result === undefined) reject(new StorageError('a change without an answer', ''));
          else resolve(result);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = false;
  }

  free(entry: IdentifierEntry): Promise<void> {
    return this.storage.call('freeEntry', entry);
  }

  async copy(cursor: string | undefined, limit: number): Promise<VaultContent & { readonly next?: string }> {
    return this.reader.copy(cursor, limit);
  }

  restore(content: VaultContent): Promise<VaultResult> {
    return this.storage.call('restoreVault', content);
  }

  async apiKeys(): Promise<readonly ApiKeyRow[]> {
    return this.reader.apiKeys();
  }

  putApiKey(row: ApiKeyRow): Promise<void> {
    return this.storage.call('putApiKey', row);
  }

  removeApiKey(keyId: string): Promise<boolean> {
    return this.storage.call('removeApiKey', keyId);
  }
}
