import { BACKWARDS, END, EventStoreDBClient } from '@eventstore/db-client';
import type { Credentials } from '@eventstore/db-client';
import { EngineError, pause } from '#libs/core';
import { engineError, isSilence } from './failures';
import { backoffMs, within } from './waiting';

/** How often the client asks a silent server whether it is there; less is refused by servers. */
const KEEP_ALIVE_MS = 10_000;
/** A link is renewed at most this often, however many calls fail on it. */
const RENEW_EVERY_MS = 200;
const READY_BACKOFF = { firstMs: 50, mostMs: 1_000 };
const PROBE_MS = 3_000;

/** gRPC shares a TCP connection among clients of equal options: each client gets a number of its own to have its own. */
let clients = 0;

/**
 * One connection. The client mends one that breaks; one that leads nowhere any more it keeps until it is sure, for twenty
 * seconds. So it is made anew when a call gets no answer.
 */
export class Link {
  #client: EventStoreDBClient;
  #renewedAtMs = 0;

  constructor(private readonly make: () => EventStoreDBClient) {
    this.#client = make();
  }

  get client(): EventStoreDBClient {
    return this.#client;
  }

  /** Called with the client that a call failed on: only the first of them renews. */
  failed(client: EventStoreDBClient, error: unknown): void {
    if (client !== this.#client || !isSilence(error)) return;
    const nowMs = performance.now();
    if (nowMs - this.#renewedAtMs < RENEW_EVERY_MS) return;
    this.#renewedAtMs = nowMs;
    this.#client = this.make();
    void closeChannel(client);
  }

  async close(): Promise<void> {
    await this.#client.dispose();
    await closeChannel(this.#client);
  }
}

/** Calls that are under way on it end as they would have; the client itself offers no way to let go of its socket. */
async function closeChannel(client: EventStoreDBClient): Promise<void> {
  const held = client as unknown as { getChannel(): Promise<{ close(): void }> };
  await held.getChannel().then(
    (channel) => channel.close(),
    () => undefined,
  );
}

/** Reads, appends and subscriptions have connections of their own: one takes 100 calls, subscriptions stay for ever. */
export interface Links {
  readonly reads: Link;
  readonly appends: Link;
  readonly subscriptions: Link;
  /** Given with each append: it makes the client take the call that has a deadline. */
  readonly credentials: Credentials;
  close(): Promise<void>;
}

/**
 * Connects lazily to `esdb://[user:password@]host:port?tls=…` (also `esdb+discover://`, and both as `kurrentdb`).
 * Throws EngineError where the address is not understood; its text may hold a password, so the error does not show it.
 */
export function linkEventStore(address: string): Links {
  const url = address.trim().replace(/^kurrentdb(\+discover)?:/, 'esdb$1:');
  refuseOptions(url);
  const credentials = credentialsOf(url);
  const link = (): Link => new Link(() => newClient(url));
  const all = { reads: link(), appends: link(), subscriptions: link() };
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(all).map((one) => one.close()));
  };
  return { ...all, credentials, close };
}

/** Resolves when the server answers a read; EngineError where it does not in time. */
export async function eventStoreReady({ reads }: Links, withinMs: number): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  for (let attempt = 1; ; attempt++) {
    const { client } = reads;
    try {
      return await within(PROBE_MS, probe(client));
    } catch (error) {
      reads.failed(client, error);
      const waitMs = backoffMs(attempt, READY_BACKOFF.firstMs, READY_BACKOFF.mostMs);
      if (performance.now() + waitMs > deadlineMs) throw engineError('not ready', error);
      await pause(waitMs);
    }
  }
}

function probe(client: EventStoreDBClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client
      .readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })
      .on('error', reject)
      .on('end', resolve)
      .on('data', () => undefined);
  });
}

/**
 * Of db-client 6.2.1, as it compares them. Any other it ignores, and writes the whole address to the console, with the
 * password. `keepAliveInterval` and `throwOnAppendFailure` are taken but have no effect: ours count.
 */
const OPTIONS = new Set(
  [
    'connectionName',
    'defaultDeadline',
    'discoveryInterval',
    'gossipTimeout',
    'keepAliveInterval',
    'keepAliveTimeout',
    'maxDiscoverAttempts',
    'nodePreference',
    'throwOnAppendFailure',
    'tls',
    'tlsCAFile',
    'tlsVerifyCert',
    'userCertFile',
    'userKeyFile',
  ].map(flat),
);
/** What stands behind the hosts of an address; a password may hold a `?` too. */
const BEHIND_HOSTS = /^[^:]+:\/\/(?:[^:]+:[^@]+@)?[^?]*\?(.*)$/s;

function flat(option: string): string {
  return option.trim().toLowerCase().replace(/[_-]/g, '');
}

/** Throws EngineError where the client would complain of an option, which it does to the console; the error names the option at most. */
function refuseOptions(url: string): void {
  const options = BEHIND_HOSTS.exec(url)?.[1];
  if (options === undefined) return;
  for (const option of options.split('&')) {
    const [, name, value] = /^([^=?]+)=([^?]+)$/.exec(option) ?? [];
    if (name === undefined || value === undefined) throw notUnderstood();
    if (!OPTIONS.has(flat(name))) {
      // With an @ behind it, it may be a piece of a password.
      if (options.includes('@') || !/^[\w-]{1,40}$/.test(name)) throw notUnderstood();
      throw new EngineError(`the address of EventStoreDB has an option that is not known: ${name}`);
    }
    if (flat(name) === 'tlsverifycert' && value.trim() !== 'true') {
      throw new EngineError(
        'the address of EventStoreDB says tlsVerifyCert=false, which its client can’t do: name the authority by tlsCAFile',
      );
    }
  }
}

function notUnderstood(): EngineError {
  return new EngineError('the address of EventStoreDB is not understood');
}

function newClient(url: string): EventStoreDBClient {
  const keepAliveMs = KEEP_ALIVE_MS + (clients++ % KEEP_ALIVE_MS);
  // The last of equal options counts.
  const options = `keepAliveInterval=${keepAliveMs}&throwOnAppendFailure=true`;
  try {
    return EventStoreDBClient.connectionString(`${url}${url.includes('?') ? '&' : '?'}${options}`);
  } catch {
    throw notUnderstood();
  }
}

/** Without TLS they are never sent. */
const NOBODY: Credentials = { username: 'nobody', password: '' };

function credentialsOf(url: string): Credentials {
  const [, username, password] = /^[^:]+:\/\/([^:@/]+):([^@]+)@/.exec(url) ?? [];
  if (username !== undefined && password !== undefined) {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  }
  if (/[?&]tls=false(&|$)/i.test(url)) return NOBODY;
  throw new EngineError('the address of EventStoreDB names no user: esdb://user:password@host:2113');
}
