import type { About } from './event-log';

/** A record that is about to be appended at an exact revision, as the index beside the log knows it. */
export interface IndexEntry {
  readonly eventId: string;
  readonly stream: string;
  readonly revision: number;
  /** The record's idempotency key. */
  readonly key?: string | undefined;
  readonly about?: About | undefined;
}

/** Where a record stands, or was to stand: unless `confirmed`, only the log knows whether it ever came there. */
export interface IndexedPlace {
  readonly stream: string;
  readonly revision: number;
  readonly confirmed: boolean;
}

/** A key and where its holder said that its event would stand. */
export interface HeldKey extends IndexedPlace {
  readonly key: string;
}

/**
 * The index beside a log that has none of its own: by event id, by idempotency key, by what an event is about. It is
 * written before the log, so it may name events that never came; a reader verifies what is not confirmed against the
 * log. Everything in it can be made again from the log.
 */
export interface LogIndex {
  /**
   * Notes entries, and claims the key of each that has one. Durable when it resolves. Answers the keys that were held
   * already; the entries of those are not noted, all others are. Noting an entry twice changes nothing.
   */
  reserve(entries: readonly IndexEntry[]): Promise<readonly HeldKey[]>;
  /** Moves a key from the place at which it is held to the entry's, and notes the entry; false where it is held elsewhere by now. */
  take(held: HeldKey, entry: IndexEntry): Promise<boolean>;
  /** The entries' events are in the log. Notes what is missing; never moves a confirmed key. */
  confirm(entries: readonly IndexEntry[]): Promise<void>;
  /** Entries whose events will never be in the log; keys stay held. */
  forget(eventIds: readonly string[]): Promise<void>;
  /** By event id or by key. */
  find(references: readonly string[]): Promise<readonly (IndexedPlace | undefined)[]>;
  /** Entries of role `state` about these events, in no order, confirmed or not. */
  states(targets: readonly string[]): Promise<readonly IndexEntry[]>;
  /** Streams of which a first event was ever reserved, in a stable order; `next` is the cursor of the following page. */
  streams(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ readonly items: readonly string[]; readonly next?: string }>;
}
