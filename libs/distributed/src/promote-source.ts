import { join } from 'node:path';
import type { EventLog, Vault } from '#libs/core';
import {
  DataDirectoryError,
  EmbeddedDocumentStore,
  EmbeddedEventFeed,
  FILES,
  isEmptyLedger,
  lockDirectory,
  readOnlyEngines,
  refuseLostLog,
  rootKey,
} from '#libs/engines/embedded';
import { openSecrets } from '#libs/runtime';
import type { LedgerSecrets } from '#libs/runtime';

export interface EmbeddedLedgerOptions {
  readonly dataDirectory: string;
  readonly rootKeyFile: string;
}

/** An embedded ledger that nobody else has open: its log and vault are only read, its read models may catch up. */
export interface EmbeddedLedger {
  readonly log: EventLog;
  readonly vault: Vault;
  readonly feed: EmbeddedEventFeed;
  readonly store: EmbeddedDocumentStore;
  readonly secrets: LedgerSecrets;
  /** The secrets as the vault holds them, wrapped. */
  readonly secretsText: string;
  close(): void;
}

/** Locks and opens a data directory. Throws one clear error where a server runs on it, or no ledger is in it. */
export async function openEmbeddedLedger(options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
  const { dataDirectory, rootKeyFile } = options;
  if (isEmptyLedger(dataDirectory)) throw new DataDirectoryError(`there is no ledger in ${dataDirectory}`);
  const lock = lockDirectory(dataDirectory);
  const closing = [(): void => lock.release()];
  const close = (): void => {
    for (const each of closing.splice(0).toReversed()) each();
  };
  try {
    refuseLostLog(dataDirectory);
    const key = rootKey(rootKeyFile, dataDirectory, { mayCreate: false });
    const engines = readOnlyEngines(dataDirectory);
    closing.push(() => engines.close());
    const { log, vault } = engines;
    const secrets = await openSecrets(vault, key);
    const secretsText = (await vault.secrets()) ?? '';
    const store = new EmbeddedDocumentStore({ directory: join(dataDirectory, FILES.documents) });
    closing.push(() => store.close());
    const feed = new EmbeddedEventFeed(log, secrets.ledgerId);
    return { log, vault, feed, store, secrets, secretsText, close };
  } catch (error) {
    close();
    throw error;
  }
}
