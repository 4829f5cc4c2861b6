import { Lru, streamOf } from '#libs/core';
import type { CustomerRow, Instant, Random, Vault } from '#libs/core';
import type { PrivacyClass } from '#libs/events';
import { dataKey, fingerprintKey, streamTag, unwrap, wrap } from '#libs/trust';
import type { DataKey } from '#libs/trust';
import type { LedgerSecrets } from './secrets';

/** Customers whose unwrapped keys are kept: about 1 KB each. */
export const CUSTOMERS_CACHED = 20_000;

const SECRET_BYTES = 32;
const NONCE_BYTES = 12;
const KID_CHARACTERS = 20;
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

interface StoredKey {
  readonly kid: string;
  readonly wrapped: string;
}

/** The body of a customer's vault row; slots are `<class>/<year>Q<quarter>`. */
interface StoredKeys {
  readonly v: 1;
  readonly salt: string;
  readonly keys: Record<string, StoredKey>;
}

/** A customer's keys in the clear. `unsaved` is true until the row that holds the newest of them is durable. */
export class CustomerKeys {
  readonly tag: string;
  /** Fingerprints of this stream's command bodies are made with it. */
  readonly kF: Uint8Array;
  readonly #opened = new Map<string, DataKey>();
  unsaved = false;

  constructor(
    readonly customerId: string,
    public version: number,
    salt: Uint8Array,
    private readonly stored: StoredKeys,
    private readonly secrets: LedgerSecrets,
    private readonly random: Random,
  ) {
    this.tag = streamTag(salt, streamOf(customerId));
    this.kF = fingerprintKey(salt);
  }

  /** The key of a class for the calendar quarter of `at`; made when first needed, and then `unsaved`. */
  keyFor(privacyClass: PrivacyClass, at: Instant): DataKey {
    const slot = `${privacyClass}/${quarterOf(at)}`;
    let stored = this.stored.keys[slot];
    if (stored === undefined) {
      const kid = `dek_${randomText(this.random)}.1`;
      const secret = this.random.bytes(SECRET_BYTES);
      const wrapped = wrap(secret, kid, this.secrets.kek, this.random.bytes(NONCE_BYTES));
      stored = { kid, wrapped: wrapped.toString('base64') };
      this.#opened.set(kid, dataKey(kid, secret));
      this.stored.keys[slot] = stored;
      this.unsaved = true;
    }
    return this.#open(stored);
  }

  /** The key that a record names; `undefined` where it is destroyed. */
  keyById(kid: string): DataKey | undefined {
    const opened = this.#opened.get(kid);
    if (opened !== undefined) return opened;
    const stored = Object.values(this.stored.keys).find((key) => key.kid === kid);
    return stored === undefined ? undefined : this.#open(stored);
  }

  /** The row that makes these keys durable, with the next version. */
  toRow(): CustomerRow {
    return { customerId: this.customerId, version: ++this.version, body: JSON.stringify(this.stored) };
  }

  #open({ kid, wrapped }: StoredKey): DataKey {
    let opened = this.#opened.get(kid);
    if (opened === undefined) {
      opened = dataKey(kid, unwrap(Buffer.from(wrapped, 'base64'), kid, this.secrets.kek));
      this.#opened.set(kid, opened);
    }
    return opened;
  }
}

/** Calendar quarter of an instant, UTC: `2026Q4`. */
function quarterOf(at: Instant): string {
  return `${at.slice(0, 4)}Q${Math.ceil(Number(at.slice(5, 7)) / 3)}`;
}

/** Customers' keys, unwrapped when first asked for and kept for a while. */
export class Keyring {
  readonly #cache = new Lru<CustomerKeys>(CUSTOMERS_CACHED);

  constructor(
    private readonly vault: Vault,
    private readonly secrets: LedgerSecrets,
    private readonly random: Random,
  ) {}

  cached(customerId: string): CustomerKeys | undefined {
    return this.#cache.get(customerId);
  }

  /** Loads what is not cached. A customer without a row has no keys: never registered, or erased. */
  async load(customerIds: readonly string[]): Promise<readonly (CustomerKeys | undefined)[]> {
    // Held on to: while the vault is asked, others may push them out of the cache.
    const cached = customerIds.map((id) => this.#cache.get(id));
    const missing = customerIds.filter((_, i) => cached[i] === undefined);
    const loaded = new Map<string, CustomerKeys>();
    if (missing.length > 0) {
      for (const row of await this.vault.rows(missing)) {
        if (row === undefined) continue;
        const keys = this.#fromRow(row);
        loaded.set(row.customerId, keys);
        this.#cache.set(row.customerId, keys);
      }
    }
    return customerIds.map((id, i) => cached[i] ?? loaded.get(id));
  }

  async get(customerId: string): Promise<CustomerKeys | undefined> {
    return this.#cache.get(customerId) ?? (await this.load([customerId]))[0];
  }

  /** The row as it is now: its owner, in this process or another, may have made keys since it was read. */
  reload(customerId: string): Promise<CustomerKeys | undefined> {
    this.#cache.delete(customerId);
    return this.get(customerId);
  }

  create(customerId: string): CustomerKeys {
    const salt = this.random.bytes(SECRET_BYTES);
    const wrapped = wrap(salt, `salt/${customerId}`, this.secrets.kek, this.random.bytes(NONCE_BYTES));
    const stored: StoredKeys = { v: 1, salt: wrapped.toString('base64'), keys: {} };
    const keys = new CustomerKeys(customerId, 0, salt, stored, this.secrets, this.random);
    keys.unsaved = true;
    this.#cache.set(customerId, keys);
    return keys;
  }

  /** After a lost race, or when another process may have changed the row. */
  forget(customerId: string): void {
    this.#cache.delete(customerId);
  }

  #fromRow({ customerId, version, body }: CustomerRow): CustomerKeys {
    const stored: StoredKeys = JSON.parse(body);
    const salt = unwrap(Buffer.from(stored.salt, 'base64'), `salt/${customerId}`, this.secrets.kek);
    return new CustomerKeys(customerId, version, salt, stored, this.secrets, this.random);
  }
}

function randomText(random: Random): string {
  // 252 = 7 × 36: bytes above it are dropped, so that every character is as likely as the others.
  const FAIR = 252;
  let text = '';
  while (text.length < KID_CHARACTERS) {
    for (const byte of random.bytes(KID_CHARACTERS)) {
      if (byte < FAIR && text.length < KID_CHARACTERS) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}
