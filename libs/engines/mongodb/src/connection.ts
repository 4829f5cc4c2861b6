import * as os from 'node:os';
import { EngineError, pause } from '#libs/core';
import { MongoClient, MongoError, MongoNetworkError } from 'mongodb';
import type { ClientSession, Db, Document, ServerDescription, Timestamp } from 'mongodb';
import { faultOf, retrying } from './faults';
import { APP_NAME, endForgottenTransactions, isPersistentConflict } from './forgotten-transactions';

/** MongoDB 6.0. */
const LEAST_WIRE_VERSION = 17;
const CONNECTING_MS = 30_000;
const PAUSE_MS = 250;
const SELECTION_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** A server that an error cast doubt on is believed again after this at the latest. */
const HEARTBEAT_MS = 2_000;
/** A server that is there but hears nothing: after this a call fails. Longer than any of ours takes. */
const SOCKET_TIMEOUT_MS = 30_000;
const WAIT_QUEUE_TIMEOUT_MS = 20_000;
const COMMIT_TIMEOUT_MS = 10_000;
/** How long a write waits for the majority before it is settled anew. */
const MAJORITY_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 64;
const COMMITS_TRIED = 3;
const UNKNOWN_RESULT = 'UnknownTransactionCommitResult';
const CLOCK_SAMPLES = 3;

export interface MongoOptions {
  /** Read models, snapshots and the relay's checkpoint; the vault has `<database>_vault` to itself. */
  readonly database: string;
  /** How long to wait for a primary; 30 s where it is not given. */
  readonly connectingMs?: number;
}

/**
 * A connected client: every write is acknowledged by a majority that has it in its journal, every read is of such a write,
 * and no read goes back behind what was acknowledged before it began, to us or to another process.
 *
 * The last does not come by itself. A primary that was just elected has every acknowledged write, but until a majority
 * has confirmed an entry of its own term, it may answer a majority read with the state before the newest of them; who
 * folds on that undoes a write. So each read asks for the state after a time (`afterClusterTime`), and the server
 * keeps it waiting until it can show that: the newest time that we have seen committed, and no less than the primary's
 * clock when we found it, which is never behind its log.
 *
 * What is left is a primary that is cut off from the majority and does not know it yet: who has not heard of the next one
 * either may read from it, for some seconds, what was before. A group's commit meets what others have written since and is
 * fenced; but something that another process told us of (by Kafka, say) may not be found.
 */
export class MongoConnection {
  readonly main: Db;
  readonly vault: Db;
  /** What is read from now on is of this time or later. */
  #seen: Timestamp | undefined;
  /** Sessions of reads that are under way. */
  readonly #reading = new Set<ClientSession>();

  constructor(
    private readonly client: MongoClient,
    readonly database: string,
  ) {
    this.main = client.db(database);
    this.vault = client.db(`${database}_vault`);
    client.on('serverDescriptionChanged', ({ newDescription }) => this.#found(newDescription));
  }

  /** Reads outside a transaction, one after the other and each in `session`, nothing older than what the class promises. */
  read<T>(what: string, body: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.#inSession(what, async (session) => {
      if (this.#seen !== undefined) session.advanceOperationTime(this.#seen);
      this.#reading.add(session);
      try {
        return await body(session);
      } finally {
        this.#reading.delete(session);
      }
    });
  }

  /** Writes outside a transaction, in `session`; they must survive being done twice (see `retrying`). */
  write<T>(what: string, body: (session: ClientSession, attempt: number) => Promise<T>): Promise<T> {
    return this.#inSession(what, body);
  }

  /**
   * Runs `body` in a transaction, again where it met a conflict or a fail-over: then its first effect may be there
   * already, so it must know its own traces. A `DuplicateKeyError` has ended the transaction: the caller settles it.
   */
  transaction<T>(what: string, body: (session: ClientSession, attempt: number) => Promise<T>): Promise<T> {
    return retrying(what, async (attempt) => {
      const session = this.client.startSession();
      try {
        session.startTransaction({
          readConcern: { level: 'snapshot' },
          writeConcern: { w: 'majority', journal: true, wtimeoutMS: MAJORITY_TIMEOUT_MS },
          maxCommitTimeMS: COMMIT_TIMEOUT_MS,
        });
        const result = await body(session, attempt);
        await commit(session);
        this.#saw(session.operationTime);
        return result;
      } catch (error) {
        await session.abortTransaction().catch(() => undefined); // The server has, or will when its time is up.
        if (isPersistentConflict(error, attempt)) {
          await endForgottenTransactions(this.client).catch(() => undefined); // The next try tells what is amiss.
        }
        throw error;
      } finally {
        await session.endSession();
      }
    });
  }

  /** Milliseconds by which the primary's clock is ahead of ours: of a few samples the one that came back quickest. */
  async serverClockSkewMs(): Promise<number> {
    let best = { roundTripMs: Number.POSITIVE_INFINITY, skewMs: 0 };
    for (let i = 0; i < CLOCK_SAMPLES; i++) {
      const sample = await retrying('read the clock', async () => {
        const sentMs = Date.now();
        const sent = performance.now();
        const hello = await this.main.command({ hello: 1 });
        const roundTripMs = performance.now() - sent;
        return { roundTripMs, skewMs: localTimeMs(hello) - (sentMs + roundTripMs / 2) };
      });
      if (sample.roundTripMs < best.roundTripMs) best = sample;
    }
    return best.skewMs;
  }

  /** Of the primary. */
  async serverVersion(): Promise<string> {
    const info = await retrying('read the version', () => this.main.command({ buildInfo: 1 }));
    return String(info['version']);
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  /** A session of its own each time, from the driver's pool: none is for several operations at once. */
  #inSession<T>(what: string, body: (session: ClientSession, attempt: number) => Promise<T>): Promise<T> {
    return retrying(what, async (attempt) => {
      const session = this.client.startSession({ causalConsistency: true });
      try {
        const result = await body(session, attempt);
        this.#saw(session.operationTime);
        return result;
      } finally {
        await session.endSession();
      }
    });
  }

  #saw(time: Timestamp | undefined): void {
    if (time !== undefined && this.#seen?.greaterThan(time) !== true) this.#seen = time;
  }

  /** The driver tells us of a primary before it sends it anything, what has waited for one included. */
  #found({ type, $clusterTime }: ServerDescription): void {
    const time = $clusterTime?.clusterTime;
    if (type !== 'RSPrimary' || time === undefined) return;
    this.#saw(time);
    for (const session of this.#reading) session.advanceOperationTime(time);
  }
}

/** Waits for a primary of a replica set, MongoDB 6.0 or later. Throws `EngineError`, at once where waiting is of no use. */
export async function connectMongo(url: string, options: MongoOptions): Promise<MongoConnection> {
  const deadline = Date.now() + (options.connectingMs ?? CONNECTING_MS);
  for (;;) {
    const client = clientOf(url);
    const connection = new MongoConnection(client, options.database); // Before the first primary is found.
    try {
      await client.connect();
      refuseUnfit(await client.db('admin').command({ hello: 1 }));
      return connection;
    } catch (error) {
      // A client whose first connect failed never recovers, so each try has its own.
      await client.close().catch(() => undefined);
      if (error instanceof EngineError) throw error;
      await refuseStandalone(client);
      if (Date.now() > deadline) throw faultOf('connect', error);
      await pause(PAUSE_MS);
    }
  }
}

function clientOf(url: string): MongoClient {
  try {
    return new MongoClient(url, {
      appName: APP_NAME,
      readPreference: 'primary',
      readConcern: { level: 'majority' },
      writeConcern: { w: 'majority', journal: true, wtimeoutMS: MAJORITY_TIMEOUT_MS },
      retryWrites: true,
      retryReads: true,
      maxPoolSize: MAX_CONNECTIONS,
      waitQueueTimeoutMS: WAIT_QUEUE_TIMEOUT_MS,
      serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
      socketTimeoutMS: SOCKET_TIMEOUT_MS,
      heartbeatFrequencyMS: HEARTBEAT_MS,
      ignoreUndefined: true,
      runtimeAdapters: { os }, // The driver would import it by itself, which jest's sandbox does not allow.
    });
  } catch {
    // The driver's message may quote the password.
    throw new EngineError('mongodb: this is no MongoDB address');
  }
}

async function commit(session: ClientSession): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await session.commitTransaction();
      return;
    } catch (thrown) {
      const error = thrown instanceof MongoError ? thrown : interrupted(thrown);
      if (!error.hasErrorLabel(UNKNOWN_RESULT) || tried === COMMITS_TRIED) throw error;
    }
  }
}

/**
 * The driver (7.8.0) takes every fault of a commit for one of its own; what a socket threw makes it end in a `TypeError`.
 * Then, too, nobody knows whether it was committed.
 */
function interrupted(cause: unknown): MongoError {
  const error = new MongoNetworkError('the commit was interrupted', cause instanceof Error ? { cause } : {});
  error.addErrorLabel(UNKNOWN_RESULT);
  return error;
}

function refuseUnfit(hello: Document): void {
  if (hello['setName'] === undefined) throw standalone();
  const wire = Number(hello['maxWireVersion']);
  if (wire < LEAST_WIRE_VERSION)
    throw new EngineError(`mongodb: MongoDB 6.0 or later is needed (wire version ${wire})`);
}

/** A standalone server does not answer to the name of a set, so the driver only says that it found none. */
async function refuseStandalone(client: MongoClient): Promise<void> {
  const { hosts, tls } = client.options;
  for (const host of hosts) {
    const direct = new MongoClient(`mongodb://${host.toString()}/?directConnection=true`, {
      tls,
      runtimeAdapters: { os },
      serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
    });
    const hello = await direct
      .connect()
      .then(() => direct.db('admin').command({ hello: 1 }))
      .catch(() => undefined);
    await direct.close();
    // A member of a set that is not initiated yet says so; that one is worth waiting for.
    if (hello !== undefined && hello['setName'] === undefined && hello['isreplicaset'] !== true)
      throw standalone();
  }
}

function standalone(): EngineError {
  return new EngineError(
    'mongodb: this server is not a member of a replica set (standalone, or a mongos): transactions and majority writes need one. Start mongod with --replSet and initiate it.',
  );
}

function localTimeMs(hello: Document): number {
  const time: unknown = hello['localTime'];
  if (!(time instanceof Date)) throw new EngineError('mongodb: the server told no time');
  return time.getTime();
}
