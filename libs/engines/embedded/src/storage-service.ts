import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type {
  ApiKeyRow,
  AppendResult,
  IdentifierEntry,
  Snapshot,
  VaultContent,
  VaultResult,
  VaultWrite,
} from '#libs/core';
import { LogWriter } from './log/log-writer';
import { unpackAppends } from './log/packing';
import type { PackedAppends } from './log/packing';
import { SnapshotFile } from './snapshots/snapshots';
import { VaultWriter } from './vault/vault-writer';

/** What the storage thread is asked to do, and what it answers. */
export interface StorageCalls {
  claim: { ask: string; answer: void };
  append: { ask: PackedAppends; answer: readonly AppendResult[] };
  writeVault: { ask: readonly VaultWrite[]; answer: readonly VaultResult[] };
  restoreVault: { ask: VaultContent; answer: VaultResult };
  createSecrets: { ask: string; answer: void };
  freeEntry: { ask: IdentifierEntry; answer: void };
  putApiKey: { ask: ApiKeyRow; answer: void };
  removeApiKey: { ask: string; answer: boolean };
  saveSnapshots: { ask: readonly Snapshot[]; answer: void };
  close: { ask: undefined; answer: void };
}
export type StorageCall = keyof StorageCalls;

export const FILES = {
  log: 'log.db',
  vault: 'vault.db',
  snapshots: 'snapshots.db',
  documents: 'documents',
} as const;

/** All writers of a data directory, on one thread: whatever they commit is on the disk when the call returns. */
export class StorageService {
  readonly #log: LogWriter;
  readonly #vault: VaultWriter;
  readonly #snapshots: SnapshotFile;
  readonly #handlers: { [C in StorageCall]: (ask: StorageCalls[C]['ask']) => StorageCalls[C]['answer'] };

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const log = (this.#log = new LogWriter(join(directory, FILES.log)));
    const vault = (this.#vault = new VaultWriter(join(directory, FILES.vault)));
    const snapshots = (this.#snapshots = new SnapshotFile(join(directory, FILES.snapshots), {
      readonly: false,
    }));
    this.#handlers = {
      claim: (ledgerId) => log.claim(ledgerId),
      append: (packed) => log.append(unpackAppends(packed)),
      writeVault: (changes) => vault.write(changes),
      restoreVault: (content) => vault.restore(content),
      createSecrets: (body) => vault.createSecrets(body),
      freeEntry: (entry) => vault.free(entry),
      putApiKey: (row) => vault.putApiKey(row),
      removeApiKey: (keyId) => vault.removeApiKey(keyId),
      saveSnapshots: (list) => snapshots.save(list),
      close: () => this.#close(),
    };
  }

  call<C extends StorageCall>(name: C, ask: StorageCalls[C]['ask']): StorageCalls[C]['answer'] {
    return this.#handlers[name](ask);
  }

  #close(): void {
    this.#log.close();
    this.#vault.close();
    this.#snapshots.close();
  }
}
