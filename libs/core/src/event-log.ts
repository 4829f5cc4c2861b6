/** One committed event as engines carry it; its payload is opaque to them. */
export interface LedgerRecord {
  readonly id: string;
  readonly stream: string;
  readonly rev: number;
  /** The envelope as canonical JSON: the very bytes that are hashed. */
  readonly env: string;
  /** Class → sealed blob. A blob may be gone (redacted); the envelope keeps its hash. */
  readonly sealed: Readonly<Record<string, Uint8Array>>;
  /** 64 hex digits. */
  readonly leafHash: string;
  /** Salted tag of the stream, 32 hex digits. */
  readonly tag: string;
}

export interface StoredRecord extends LedgerRecord {
  /** Place in the whole ledger: a safe integer, ordered, not countable. */
  readonly position: number;
}

/**
 * How an event is about an earlier one: `mention` only names it, `state` carries its fields as they now stand (so the
 * latest such event answers what a decision needs), `redaction` hides it, and whatever was said about it.
 */
export type AboutRole = 'mention' | 'state' | 'redaction';

export interface About {
  readonly target: string;
  readonly role: AboutRole;
}

const ABOUT_ROLES: readonly AboutRole[] = ['mention', 'state', 'redaction'];

/** `<role> <target>`, for an engine that keeps it as one text. */
export function aboutText({ role, target }: About): string {
  return `${role} ${target}`;
}

/** What `aboutText` has written; `undefined` for any other text. */
export function parseAbout(text: string): About | undefined {
  const [word, target] = text.split(' ');
  const role = ABOUT_ROLES.find((known) => known === word);
  return role === undefined || target === undefined ? undefined : { target, role };
}

export interface AppendRecord extends LedgerRecord {
  /** The record's idempotency key (`idem.k`), unique in the ledger for ever. */
  readonly key?: string | undefined;
  readonly about?: About | undefined;
}

/** All records of a request are appended, at the exact revision, or none. */
export interface AppendRequest {
  readonly stream: string;
  /** Revision of the stream's last event; −1 where the stream must not exist yet. */
  readonly expectedRevision: number;
  readonly records: readonly AppendRecord[];
}

export type AppendResult =
  | { readonly outcome: 'appended'; readonly positions: readonly number[] }
  /** One of the request's keys is in the ledger already. */
  | { readonly outcome: 'duplicate'; readonly key: string }
  /** The stream stands at another revision. */
  | { readonly outcome: 'conflict'; readonly head: number };

export interface Located {
  readonly stream: string;
  readonly revision: number;
  /** Revision of the latest event that carries the state of this one, where there is one. */
  readonly state?: number;
}

export interface StreamHead {
  readonly stream: string;
  readonly revision: number;
}

/**
 * The immutable log. `append` resolves only when the records are durable, and rejects where the outcome is a fault;
 * a caller that saw a rejection must settle by `locate` what happened.
 */
export interface EventLog {
  append(request: AppendRequest): Promise<AppendResult>;
  /** Records of a stream from a revision on, in order, at most `limit`. */
  readStream(stream: string, fromRevision: number, limit: number): Promise<readonly StoredRecord[]>;
  /** Records of the ledger after a position, in order, at most `limit`. */
  readAll(afterPosition: number, limit: number): Promise<readonly StoredRecord[]>;
  /** The stream's last record. */
  head(stream: string): Promise<StoredRecord | undefined>;
  /** Streams in a stable order; `next` is the cursor of the following page. */
  streams(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ items: readonly StreamHead[]; next?: string }>;
  /** Where events are, by event id or by idempotency key. */
  locate(references: readonly string[]): Promise<readonly (Located | undefined)[]>;
  /** Position of the last record; 0 in an empty ledger. */
  lastPosition(): Promise<number>;
  /** Catches up after a position, then follows; ends when the signal aborts. A consumer that stops reading stalls nobody. */
  follow(afterPosition: number, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]>;
}

/** The log with another way of appending; its other calls go through as they are. */
export function withAppend(log: EventLog, append: EventLog['append']): EventLog {
  return {
    append,
    readStream: (stream, fromRevision, limit) => log.readStream(stream, fromRevision, limit),
    readAll: (afterPosition, limit) => log.readAll(afterPosition, limit),
    head: (stream) => log.head(stream),
    streams: (cursor, limit) => log.streams(cursor, limit),
    locate: (references) => log.locate(references),
    lastPosition: () => log.lastPosition(),
    follow: (afterPosition, signal) => log.follow(afterPosition, signal),
  };
}
