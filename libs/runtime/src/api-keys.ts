import type { ApiKeyRow, Clock, Instant, Random, Refused, Role, Vault } from '#libs/core';
import { instantOf, MAX_KEY_NAME_LENGTH, refuse, ROLES } from '#libs/core';
import { MAX_KEY_BYTES, apiKeyHasher, isApiKey, makeApiKey, makeSecret } from '#libs/trust';

/** Who asks. `keyId` is a code: it is the `actor.id` of what the key writes. */
export interface Principal {
  readonly keyId: string;
  readonly roles: readonly Role[];
}

export interface NewApiKey {
  readonly name: string;
  readonly roles: readonly string[];
  readonly expiresAt?: Instant;
}

/** What may be shown of a key. */
export type ApiKeyInfo = Omit<ApiKeyRow, 'hash'>;

/** With the key itself: shown once, stored nowhere. */
export interface CreatedApiKey extends ApiKeyInfo {
  readonly key: string;
}

export interface ApiKeysOptions {
  readonly vault: Vault;
  /** Secret of this ledger under which keys are hashed. */
  readonly pepper: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
}

/** The key that `TOUCHSTONE_ADMIN_KEY` sets. */
export const ADMIN_KEY_ID = 'key_admin';
/** The token of the running process, for the command line beside it. */
export const LOCAL_KEY_ID = 'key_local';

export const MAX_API_KEYS = 10_000;
/** Another process's change is read in the background after this … */
const REFRESH_MS = 30_000;
/** … and waited for after this: a revoked key lives no longer than a minute anywhere. */
const STALE_MS = 60_000;
/** A well-formed key that is not known may have just been made by another process; asked at most this often. */
const MISS_REFRESH_MS = 1_000;

interface Entry {
  readonly principal: Principal;
  readonly expiresAtMs: number;
}

/**
 * API keys over the vault, held in memory by hash. Looking a keyed hash up takes the same time for every wrong key,
 * so nothing is compared with a secret.
 */
export class ApiKeys {
  readonly #options: ApiKeysOptions;
  readonly #localToken: string;
  readonly #hash: (token: string) => string;
  #byHash: ReadonlyMap<string, Entry> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #changes = 0;

  constructor(options: ApiKeysOptions) {
    this.#options = options;
    this.#hash = apiKeyHasher(options.pepper);
    this.#localToken = `ts_local_${makeSecret(options.random)}`;
  }

  /** New with every start, never in the vault; has all roles. For `<data>/server.json` (mode 0600) and nothing else. */
  get localToken(): string {
    return this.#localToken;
  }

  /** The answer is at hand unless what is in memory is too old: then a promise, which rejects when the vault does. */
  authenticate(token: string): Principal | undefined | Promise<Principal | undefined> {
    if (Buffer.byteLength(token) > MAX_KEY_BYTES) return undefined;
    const hash = this.#hash(token);
    const ageMs = this.#options.clock.nowMs() - this.#readAtMs;
    if (ageMs > STALE_MS || ageMs < 0) return this.#read().then(() => this.#find(hash));
    const found = this.#find(hash);
    if (found === undefined && ageMs > MISS_REFRESH_MS && isApiKey(token)) {
      return this.#read().then(() => this.#find(hash));
    }
    // A failure shows when the memory is stale; until then the last known keys are good.
    if (ageMs > REFRESH_MS) this.#read().catch(() => undefined);
    return found;
  }

  async create(input: NewApiKey): Promise<CreatedApiKey | Refused> {
    const { vault, clock, random } = this.#options;
    const refused = refuseKey(input, clock.nowMs());
    if (refused !== undefined) return refused;
    const rows = await vault.apiKeys();
    if (rows.length >= MAX_API_KEYS) {
      return refuse('too-many-keys', `There are ${MAX_API_KEYS} keys; revoke some first.`);
    }
    const taken = new Set(rows.map((row) => row.keyId));
    let made = makeApiKey(random);
    while (taken.has(`key_${made.id}`)) made = makeApiKey(random);
    const info = {
      keyId: `key_${made.id}`,
      name: input.name,
      roles: ROLES.filter((role) => input.roles.includes(role)),
      createdAt: instantOf(clock.nowMs()),
      ...(input.expiresAt === undefined ? {} : { expiresAt: input.expiresAt }),
    };
    await this.#put({ ...info, hash: this.#hash(made.key) });
    return { ...info, key: made.key };
  }

  /** All keys, without their hashes, oldest first. */
  async list(): Promise<readonly ApiKeyInfo[]> {
    const rows = await this.#options.vault.apiKeys();
    return rows
      .map(({ hash: _hash, ...info }) => info)
      .toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.keyId, b.keyId));
  }

  /** False where there is no such key. */
  async revoke(keyId: string): Promise<boolean> {
    const removed = await this.#options.vault.removeApiKey(keyId);
    this.#changes++;
    await this.#read();
    return removed;
  }

  /**
   * Sees to it that somebody can come in. `adminKey` becomes (or replaces) the key `key_admin`; without it, a vault
   * without any key gets one with all roles, which is returned to be printed once.
   */
  async ensureFirst(adminKey?: string): Promise<CreatedApiKey | undefined> {
    const rows = await this.#options.vault.apiKeys();
    if (adminKey === undefined) {
      if (rows.length > 0) return undefined;
      const created = await this.create({ name: 'first key', roles: ROLES });
      if ('refused' in created) throw new Error(created.refused.detail);
      return created;
    }
    const hash = this.#hash(adminKey);
    if (rows.some((row) => row.keyId === ADMIN_KEY_ID && row.hash === hash)) return undefined;
    const createdAt = instantOf(this.#options.clock.nowMs());
    await this.#put({ keyId: ADMIN_KEY_ID, hash, name: 'TOUCHSTONE_ADMIN_KEY', roles: ROLES, createdAt });
    return undefined;
  }

  async #put(row: ApiKeyRow): Promise<void> {
    await this.#options.vault.putApiKey(row);
    this.#changes++;
    await this.#read();
  }

  #find(hash: string): Principal | undefined {
    const entry = this.#byHash.get(hash);
    return entry !== undefined && this.#options.clock.nowMs() < entry.expiresAtMs
      ? entry.principal
      : undefined;
  }

  #read(): Promise<void> {
    this.#reading ??= this.#load();
    return this.#reading;
  }

  /** Reads again when a key was changed meanwhile: an older picture must not bring a revoked key back. */
  async #load(): Promise<void> {
    try {
      for (;;) {
        const changes = this.#changes;
        const startedMs = this.#options.clock.nowMs();
        const rows = await this.#options.vault.apiKeys();
        if (changes !== this.#changes) continue;
        this.#byHash = this.#entries(rows);
        this.#readAtMs = startedMs;
        return;
      }
    } finally {
      this.#reading = undefined;
    }
  }

  #entries(rows: readonly ApiKeyRow[]): ReadonlyMap<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const { keyId, hash, roles, expiresAt } of rows) {
      const expiresAtMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
      const known = ROLES.filter((role) => roles.includes(role));
      entries.set(hash, { principal: { keyId, roles: known }, expiresAtMs });
    }
    const local = { keyId: LOCAL_KEY_ID, roles: ROLES };
    entries.set(this.#hash(this.#localToken), {
      principal: local,
      expiresAtMs: Number.POSITIVE_INFINITY,
    });
    return entries;
  }
}

function refuseKey({ name, roles, expiresAt }: NewApiKey, nowMs: number): Refused | undefined {
  if (name.trim() === '' || name.length > MAX_KEY_NAME_LENGTH) {
    return refuse('invalid-body', `A key needs a name of 1 to ${MAX_KEY_NAME_LENGTH} characters.`);
  }
  const known: readonly string[] = ROLES;
  if (roles.length === 0 || roles.some((role) => !known.includes(role))) {
    return refuse('invalid-body', `A key needs one or more of the roles ${ROLES.join(', ')}.`);
  }
  if (expiresAt === undefined || Date.parse(expiresAt) > nowMs) return undefined;
  return refuse('expiry-in-past', 'expiresAt must lie in the future.');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
