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
import type { EmbeddedEngines } from '#libs/engines/embedded';
import {
  ApiKeys,
  AsOf,
  createSecrets,
  History,
  Ledger,
  ModelCommands,
  Models,
  ModelWriter,
  openSecrets,
  projectionsOf,
  Reader,
} from '#libs/runtime';
import type { LedgerSecrets } from '#libs/runtime';
import { ProjectorThread } from './projector-thread';

/** Every role of a ledger on the embedded engines of one data directory. */
export interface Standalone {
  readonly ledger: Ledger;
  readonly keys: ApiKeys;
  readonly log: EventLog;
  readonly reader: Reader;
  readonly history: History;
  readonly models: Models;
  readonly modelCommands: ModelCommands;
  readonly asOf: AsOf;
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
    const secrets = await secretsOf(engines, key, newId);
    const ledger = new Ledger({ ...engines, clock, random, newId, alone: true }, secrets);
    const documents = join(dataDirectory, FILES.documents);
    const store = new EmbeddedDocumentStore({ directory: documents, readonly: true });
    const { log, vault } = engines;
    const { heads, keyring, resolver } = ledger;
    const feed = new EmbeddedEventFeed(log, secrets.ledgerId);
    const models = new Models(log);
    const projections = projectionsOf(models);
    const writing = { log, vault, keyring, models, clock, random, newId, kIdem: secrets.kIdem };
    const writer = new ModelWriter(writing);
    const admin = new ProjectorThread(
      { directory: dataDirectory, rootKey: key },
      { log, feed, store, projections },
      (model, actor) => writer.activated(model, actor),
      onProjectingStopped,
    );
    await admin.ready;
    const reader = new Reader({ log, store, projections, heads, resolver });
    const purchases = (): ReturnType<Reader['group']> => reader.group('purchases');
    return {
      ledger,
      keys: new ApiKeys({ vault: engines.vault, pepper: secrets.pepper, clock, random }),
      log,
      reader,
      history: new History(log, keyring, heads),
      models,
      modelCommands: new ModelCommands({ log, feed, purchases, models, writer, admin, clock }),
      asOf: new AsOf({ log, keyring, heads, models, projections }),
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

/** Of a new ledger they are made first. */
async function secretsOf(
  engines: EmbeddedEngines,
  key: Uint8Array,
  newId: () => string,
): Promise<LedgerSecrets> {
  if ((await engines.vault.secrets()) === undefined) {
    const month = instantOf(clock.nowMs()).slice(0, MONTH_LENGTH);
    await createSecrets(engines.vault, key, random, newId(), month);
  }
  const secrets = await openSecrets(engines.vault, key);
  await engines.claim(secrets.ledgerId);
  return secrets;
}
