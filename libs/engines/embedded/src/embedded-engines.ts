import { join } from 'node:path';
import type { EventLog, Snapshots, Vault } from '#libs/core';
import { EmbeddedEventLog } from './log/embedded-event-log';
import { LogReader } from './log/log-reader';
import { EmbeddedSnapshots } from './snapshots/embedded-snapshots';
import { SnapshotFile } from './snapshots/snapshots';
import { FILES } from './storage-service';
import { StorageError } from './storage-thread';
import type { Storage } from './storage-thread';
import { EmbeddedVault } from './vault/embedded-vault';
import { VaultReader } from './vault/vault-reader';

/** The engines of a data directory as the writing process uses them. */
export interface EmbeddedEngines {
  readonly log: EventLog;
  readonly vault: Vault;
  readonly snapshots: Snapshots;
  /** Binds log and vault to one ledger; refuses a log of another one. */
  claim(ledgerId: string): Promise<void>;
  close(): Promise<void>;
}

/** `onFatal`: a commit failed in a way after which nothing may be acknowledged any more; the process must end. */
export function embeddedEngines(
  directory: string,
  storage: Storage,
  onFatal: (error: Error) => void,
): EmbeddedEngines {
  const logReader = new LogReader(join(directory, FILES.log));
  const vaultReader = new VaultReader(join(directory, FILES.vault));
  const snapshotReader = new SnapshotFile(join(directory, FILES.snapshots), { readonly: true });
  const telling = tellingFatal(storage, onFatal);
  return {
    log: new EmbeddedEventLog(telling, logReader),
    vault: new EmbeddedVault(telling, vaultReader),
    snapshots: new EmbeddedSnapshots(storage, snapshotReader),
    claim: (ledgerId) => storage.call('claim', ledgerId),
    close: async () => {
      logReader.close();
      vaultReader.close();
      snapshotReader.close();
      await storage.call('close', undefined);
    },
  };
}

/** Snapshots go without: they are disposable. */
function tellingFatal(storage: Storage, onFatal: (error: Error) => void): Storage {
  return {
    call: (name, ask, transfer) =>
      storage.call(name, ask, transfer).catch((error: unknown) => {
        if (error instanceof StorageError && error.fatal) onFatal(error);
        throw error;
      }),
  };
}

/** Read-only engines on connections of their own: for the projector's thread and for verification. */
export function readOnlyEngines(directory: string): { log: EventLog; vault: Vault; close(): void } {
  const logReader = new LogReader(join(directory, FILES.log));
  const vaultReader = new VaultReader(join(directory, FILES.vault));
  const refusing: Storage = { call: () => Promise.reject(new Error('these engines only read')) };
  return {
    log: new EmbeddedEventLog(refusing, logReader),
    vault: new EmbeddedVault(refusing, vaultReader),
    close: () => {
      logReader.close();
      vaultReader.close();
    },
  };
}
