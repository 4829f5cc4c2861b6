/** A customer's wrapped keys and stream salt: one row, the only thing that erasure needs to destroy. */
export interface CustomerRow {
  readonly customerId: string;
  /** Counts the row's changes from 1; a writer names the version that it read. */
  readonly version: number;
  /** Wrapped key material; opaque to the engine. */
  readonly body: string;
}

/** Whose identifier a blind index is. It is linked when the event `linkedBy` is in the log, free when `unlinkedBy` is. */
export interface IdentifierEntry {
  readonly index: string;
  readonly customerId: string;
  readonly linkedBy: string;
  readonly unlinkedBy?: string;
}

export interface VaultWrite {
  /** The row with its next version; refused as `stale` unless the stored version is one less. */
  readonly row?: CustomerRow;
  /** New entries, or entries of the same customer with another event; another customer's entry refuses the write. */
  readonly entries?: readonly IdentifierEntry[];
}

export type VaultResult =
  | { readonly outcome: 'written' }
  | { readonly outcome: 'stale' }
  | { readonly outcome: 'taken'; readonly entry: IdentifierEntry };

/** Rows and entries of a vault as another one of the same ledger takes them over. */
export interface VaultContent {
  readonly rows: readonly CustomerRow[];
  readonly entries: readonly IdentifierEntry[];
}

/** Characters of an API key's name. */
export const MAX_KEY_NAME_LENGTH = 200;
/** What a key may be allowed to do: docs/access.md says what. */
export const ROLES = ['service', 'agent', 'analyst', 'auditor', 'dpo', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface ApiKeyRow {
  readonly keyId: string;
  /** HMAC-SHA256 of the key under the ledger's pepper, hex. The key itself is stored nowhere. */
  readonly hash: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly createdAt: string;
  readonly expiresAt?: string;
}

/** The only mutable, erasable store. Every write is durable when it resolves; writes of one call happen together. */
export interface Vault {
  /** The ledger's own wrapped secrets; `undefined` in a new vault. */
  secrets(): Promise<string | undefined>;
  /** Written once, with the ledger. */
  createSecrets(body: string): Promise<void>;
  rows(customerIds: readonly string[]): Promise<readonly (CustomerRow | undefined)[]>;
  lookup(indexes: readonly string[]): Promise<readonly (IdentifierEntry | undefined)[]>;
  write(change: VaultWrite): Promise<VaultResult>;
  /** Removes an entry whose unlinking is in the log. */
  free(entry: IdentifierEntry): Promise<void>;
  /** Everybody's rows and entries, at most `limit` of both together, in a stable order; `next` is the following page's cursor. */
  copy(cursor: string | undefined, limit: number): Promise<VaultContent & { readonly next?: string }>;
  /**
   * Takes rows and entries over as they are in another vault of this ledger; doing it again changes nothing. `stale`
   * where a row is there with other content, `taken` where an entry is: then nothing of the call is kept.
   */
  restore(content: VaultContent): Promise<VaultResult>;
  apiKeys(): Promise<readonly ApiKeyRow[]>;
  putApiKey(row: ApiKeyRow): Promise<void>;
  /** False where there is no such key. */
  removeApiKey(keyId: string): Promise<boolean>;
}
