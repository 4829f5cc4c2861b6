import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { instantOf, uuidV7 } from '#libs/core';
import type { Clock, EventLog, Random } from '#libs/core';
import {
  embeddedEngines,
  EmbeddedDocumentStore,
  EmbeddedEventFeed,
  FILES,
  lockDirectory,
  refuseLostLog,
  rootKey,
  StorageThread,
} from '#libs/engines/embedded';
import { ApiKeys, createSecrets, History, Ledger, openSecrets, Reader } from '#libs/runtime';
import { projections } from '#libs/projections';
import { ProjectorThread } from './projector-thread';

/** Every role of a ledger on the embedded engines of one data directory. */
export interface Standalone {
  readonly ledger: Ledger;
  readonly keys: ApiKeys;
  readonly log: EventLog;
  readonly reader: Reader;
  readonly history: History;
  readonly admin: ProjectorThread;
  close(): Promise<void>;
}

const clock: Clock = { nowMs: () => Date.now() };
const random: Random = { bytes: (length) => randomBytes(length) };
const MONTH_LENGTH = 'YYYY-MM'.length;

export interface StandaloneOptions {
  readonly dataDirectory: string;
  readonly rootKeyFile: string;
  /** A commit failed in a way after which nothing may be acknowledged any more. */
  readonly onFatal: (error: Error) => void;
  /** A fold or a read model failed: commands are taken on, read models stand still, readiness says so. */
  readonly onProjectingStopped: (fault: string) => void;
}

/** Locks and opens a data directory, making the ledger in an empty one. Throws one clear error where it can't. */
export async function openStandalone({
  dataDirectory,
  rootKeyFile,
  onFatal,
  onProjectingStopped,
}: StandaloneOptions): Promise<Standalone> {
  const lock = lockDirectory(dataDirectory);
  try {
    refuseLostLog(dataDirectory);
    const key = rootKey(rootKeyFile, dataDirectory, { mayCreate: true });
    const storage = new StorageThread(dataDirectory);
    await storage.ready;
    const engines = embeddedEngines(dataDirectory, storage, onFatal);
    const newId = uuidV7(clock, random);
    if ((await engines.vault.secrets()) === undefined) {
      const month = instantOf(clock.nowMs()).slice(0, MONTH_LENGTH);
      await createSecrets(engines.vault, key, random, newId(), month);
    }
    const secrets = await openSecrets(engines.vault, key);
    await engines.claim(secrets.ledgerId);
    const ledger = new Ledger({ ...engines, clock, random, newId, alone: true }, secrets);
    const store = new EmbeddedDocumentStore({
      directory: join(dataDirectory, FILES.documents),
      readonly: true,
    });
    const admin = new ProjectorThread(
      { directory: dataDirectory, rootKey: key },
      { log: engines.log, feed: new EmbeddedEventFeed(engines.log, secrets.ledgerId), store, projections },
      onProjectingStopped,
    );
    await admin.ready;
    const { heads, keyring, resolver } = ledger;
    return {
      ledger,
      keys: new ApiKeys({ vault: engines.vault, pepper: secrets.pepper, clock, random }),
      log: engines.log,
      reader: new Reader({ log: engines.log, store, projections, heads, resolver }),
      history: new History(engines.log, keyring, heads),
      admin,
      close: async () => {
        await admin.stop();
        store.close();
        await engines.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
