import { randomBytes } from 'node:crypto';
import { EngineError, instantOf, uuidV7 } from '#libs/core';
import type { Clock, EventFeed, EventLog, EventSink, Random, Vault } from '#libs/core';
import { rootKey } from '#libs/engines/embedded';
import {
  EventStoreLog,
  eventStoreReady,
  isSameLedger,
  linkEventStore,
  watchHistory,
} from '#libs/engines/eventstoredb';
import type { Links, WatchOptions } from '#libs/engines/eventstoredb';
import { DEFAULT_TOPIC, KafkaEventFeed, KafkaEventSink } from '#libs/engines/kafka';
import type { KafkaFeedOptions } from '#libs/engines/kafka';
import {
  connectMongo,
  MongoDocumentStore,
  MongoGenesis,
  MongoLogIndex,
  MongoRelayCheckpoints,
  MongoSnapshots,
  MongoTaskBoard,
  MongoVault,
} from '#libs/engines/mongodb';
import type { MongoConnection } from '#libs/engines/mongodb';
import {
  ApiKeys,
  createSecrets,
  Keyring,
  Ledger,
  ModelWriter,
  openSecrets,
  RootKeyError,
} from '#libs/runtime';
import type { LedgerSecrets, Models } from '#libs/runtime';
import { ClockGuard, guardedByClock } from './clock-guard';
import type { EngineAddresses } from './engine-addresses';

export interface DistributedOptions extends EngineAddresses {
  readonly rootKeyFile: string;
  readonly dataDirectory: string;
}

/** Sees to it that the vault has the ledger's secrets before they are opened. */
export type SecretsSource = (vault: Vault, log: EventLog, key: Uint8Array) => Promise<void>;

const clock: Clock = { nowMs: () => Date.now() };
const random: Random = { bytes: (length) => randomBytes(length) };
const MONTH_LENGTH = 'YYYY-MM'.length;
/** How long a start waits for EventStoreDB. */
const READY_MS = 30_000;
/** The database where the address names none. */
const DATABASE = 'touchstone';

/** A ledger on EventStoreDB, Kafka and MongoDB, as one of its processes has it. */
export class Distributed {
  readonly clock = clock;
  readonly random = random;
  readonly newId = uuidV7(clock, random);
  readonly clockGuard: ClockGuard;
  readonly log: EventLog;
  readonly vault: Vault;
  readonly snapshots: MongoSnapshots;
  readonly store: MongoDocumentStore;
  readonly index: MongoLogIndex;
  readonly relayCheckpoints: MongoRelayCheckpoints;
  readonly board: MongoTaskBoard;
  readonly #events: EventStoreLog;
  readonly #genesis: MongoGenesis;
  #keys: ApiKeys | undefined;

  private constructor(
    private readonly options: DistributedOptions,
    private readonly mongo: MongoConnection,
    private readonly links: Links,
    parts: Awaited<ReturnType<typeof openParts>>,
    readonly secrets: LedgerSecrets,
  ) {
    this.index = parts.index;
    this.vault = parts.vault;
    this.snapshots = parts.snapshots;
    this.store = parts.store;
    this.relayCheckpoints = parts.relayCheckpoints;
    this.board = parts.board;
    this.#events = parts.log;
    this.#genesis = parts.genesis;
    this.clockGuard = new ClockGuard(async () => -(await mongo.serverClockSkewMs()));
    this.log = guardedByClock(parts.log, this.clockGuard);
  }

  /** Throws one clear error where the root key, a server, or what it holds is not as it has to be. */
  static async open(
    options: DistributedOptions,
    provideSecrets: SecretsSource = makeSecrets,
  ): Promise<Distributed> {
    const key = rootKey(options.rootKeyFile, options.dataDirectory, { mayCreate: false });
    const mongo = await connectMongo(options.mongodbUrl, { database: databaseOf(options.mongodbUrl) });
    const links = linkEventStore(options.eventStoreUrl);
    try {
      await eventStoreReady(links, READY_MS);
      const parts = await openParts(mongo, links);
      await provideSecrets(parts.vault, parts.log, key);
      const secrets = await openSecrets(parts.vault, key);
      if (!(await isSameLedger(parts.log, parts.genesis))) throw anotherLedger();
      return new Distributed(options, mongo, links, parts, secrets);
    } catch (error) {
      await links.close();
      await mongo.close();
      throw error;
    }
  }

  get keys(): ApiKeys {
    const { vault } = this;
    return (this.#keys ??= new ApiKeys({ vault, pepper: this.secrets.pepper, clock, random }));
  }

  /** The write side. Other processes write the same ledger. */
  ledger(): Ledger {
    const { log, vault, snapshots, newId } = this;
    return new Ledger({ log, vault, snapshots, clock, random, newId, alone: false }, this.secrets);
  }

  modelWriter(models: Models): ModelWriter {
    const { log, vault, newId } = this;
    const { kIdem } = this.secrets;
    return new ModelWriter({ log, vault, keyring: this.keyring(), models, clock, random, newId, kIdem });
  }

  keyring(): Keyring {
    return new Keyring(this.vault, this.secrets, random);
  }

  feed(): EventFeed {
    const relay = (): ReturnType<MongoRelayCheckpoints['load']> => this.relayCheckpoints.load();
    const { log } = this;
    return new KafkaEventFeed({ ...this.#kafka(), relay, log, groupPrefix: `${this.options.kafkaTopic}-` });
  }

  sink(): EventSink {
    return new KafkaEventSink({ ...this.#kafka(), ledgerId: this.secrets.ledgerId });
  }

  #kafka(): Pick<KafkaFeedOptions, 'connection' | 'topic'> {
    const { kafkaBrokers: brokers, kafkaTopic: name, kafkaSecurity } = this.options;
    return { connection: { brokers, ...kafkaSecurity }, topic: { ...DEFAULT_TOPIC, name } };
  }

  /** Resolves when the index beside the log was told of all that this process appended. */
  settled(): Promise<void> {
    return this.#events.settled();
  }

  /** Makes the index beside the log again; roles may run meanwhile. `tell` is given the number of events so far. */
  reindex(tell: (events: number) => void, signal: AbortSignal): Promise<void> {
    return this.#events.reindex(tell, signal);
  }

  /** False where EventStoreDB no longer holds the ledger that it held; remembers which it is from its first event on. */
  isSameLedger(): Promise<boolean> {
    return isSameLedger(this.#events, this.#genesis);
  }

  /** Calls back for everything in EventStoreDB that could make history vanish, until the signal aborts, and for each fault of the watch. */
  async watchHistory(options: Omit<WatchOptions, 'after'>): Promise<void> {
    await watchHistory(this.links, { ...options, after: 0 });
  }

  async close(): Promise<void> {
    // What the index was not told yet is verified when it is read; this only saves those reads.
    await this.#events.settled();
    await this.links.close();
    await this.mongo.close();
  }
}

async function openParts(mongo: MongoConnection, links: Links) {
  const index = await MongoLogIndex.open(mongo);
  return {
    index,
    log: new EventStoreLog(links, index),
    vault: await MongoVault.open(mongo),
    snapshots: new MongoSnapshots(mongo),
    store: await MongoDocumentStore.open(mongo),
    relayCheckpoints: new MongoRelayCheckpoints(mongo),
    genesis: new MongoGenesis(mongo),
    board: await MongoTaskBoard.open(mongo),
  };
}

/** The first process of a new ledger makes its secrets; never over a log that holds something already. */
async function makeSecrets(vault: Vault, log: EventLog, key: Uint8Array): Promise<void> {
  if ((await vault.secrets()) !== undefined) return;
  if ((await log.lastPosition()) > 0) {
    throw new RootKeyError('EventStoreDB holds events, but the vault in MongoDB is empty: restore it');
  }
  const month = instantOf(clock.nowMs()).slice(0, MONTH_LENGTH);
  try {
    await createSecrets(vault, key, random, uuidV7(clock, random)(), month);
  } catch (error) {
    // Another process of the same first start was faster.
    if ((await vault.secrets()) === undefined) throw error;
  }
}

function anotherLedger(): EngineError {
  return new EngineError(
    'EventStoreDB does not hold the ledger that the vault in MongoDB is of: it is empty, or begins with another event. ' +
      'Look at both addresses, or restore it',
  );
}

/** `new URL` does not know addresses of several hosts. */
const MONGODB_ADDRESS = /^mongodb(?:\+srv)?:\/\/[^/]+(?:\/([^?]*))?/;

function databaseOf(url: string): string {
  const address = MONGODB_ADDRESS.exec(url);
  if (address === null) throw new EngineError('the address of MongoDB is not understood');
  return address[1] || DATABASE;
}
