import type { EventLog, Instant, Snapshot, Snapshots, StoredRecord } from '#libs/core';
import { isJsonObject, Lru } from '#libs/core';
import { evolveStream, initialStreamState } from '#libs/domain';
import type { StreamState } from '#libs/domain';
import { parseEvent } from '#libs/events';
import { NO_PREDECESSOR, parseEnvelope } from '#libs/trust';

/** Where a stream stands, and what its deciders remember there. */
export interface Head {
  readonly revision: number;
  readonly leafHash: string;
  readonly at: Instant;
  readonly state: StreamState;
}

export const EMPTY_HEAD: Head = { revision: -1, leafHash: NO_PREDECESSOR, at: '', state: initialStreamState };

/** Revisions between two snapshots of a stream: bounds what the first command after a restart reads. */
export const SNAPSHOT_EVERY = 32;
/** Heads kept in memory: about 0.5 KB each. */
export const HEADS_CACHED = 20_000;
const PAGE = 256;

/** Loads stream heads: cache, else snapshot and what follows it in the log. */
export class StreamHeads {
  readonly #cache = new Lru<Head>(HEADS_CACHED);
  readonly #snapshotAt = new Lru<{ readonly revision: number }>(HEADS_CACHED);

  constructor(
    private readonly log: EventLog,
    private readonly snapshots: Snapshots,
  ) {}

  cached(stream: string): Head | undefined {
    return this.#cache.get(stream);
  }

  forget(stream: string): void {
    this.#cache.delete(stream);
  }

  /** The durable head after an append; keeps a snapshot every SNAPSHOT_EVERY revisions. */
  async advance(stream: string, head: Head): Promise<void> {
    this.#cache.set(stream, head);
    if (head.revision - (this.#snapshotAt.get(stream)?.revision ?? -1) < SNAPSHOT_EVERY) return;
    this.#snapshotAt.set(stream, { revision: head.revision });
    const body = JSON.stringify({ v: 1, at: head.at, state: head.state });
    await this.snapshots.save({ stream, revision: head.revision, leafHash: head.leafHash, body });
  }

  async load(stream: string): Promise<Head> {
    const cached = this.#cache.get(stream);
    if (cached !== undefined) return cached;
    let head = await this.#fromSnapshot(stream);
    this.#snapshotAt.set(stream, { revision: head.revision });
    for (;;) {
      const records = await this.log.readStream(stream, head.revision + 1, PAGE);
      for (const record of records) head = follow(head, record);
      if (records.length < PAGE) break;
    }
    if (head.revision >= 0) await this.advance(stream, head);
    return head;
  }

  /** What other processes appended since, on top of a head that is cached here. */
  async refresh(stream: string): Promise<Head> {
    let head = await this.load(stream);
    const records = await this.log.readStream(stream, head.revision + 1, PAGE);
    if (records.length === 0) return head;
    for (const record of records) head = follow(head, record);
    this.#cache.set(stream, head);
    return records.length < PAGE ? head : this.refresh(stream);
  }

  async #fromSnapshot(stream: string): Promise<Head> {
    const snapshot = await this.snapshots.load(stream);
    if (snapshot === undefined) return EMPTY_HEAD;
    const head = headOf(snapshot);
    if (head === undefined) return EMPTY_HEAD;
    // A snapshot of another history (a log restored from a backup, say) is recognised by its leaf hash.
    const [record] = await this.log.readStream(stream, snapshot.revision, 1);
    return record?.leafHash === snapshot.leafHash ? head : EMPTY_HEAD;
  }
}

function follow(head: Head, record: StoredRecord): Head {
  const { at, type, data } = parseEnvelope(record.env);
  // Deciders remember clear fields only, so nothing is unsealed here.
  const state = evolveStream(head.state, parseEvent(type, data));
  return { revision: record.rev, leafHash: record.leafHash, at, state };
}

function headOf({ revision, leafHash, body }: Snapshot): Head | undefined {
  const value: unknown = JSON.parse(body);
  if (!isJsonObject(value) || value['v'] !== 1 || typeof value['at'] !== 'string') return undefined;
  return isStreamState(value['state'])
    ? { revision, leafHash, at: value['at'], state: value['state'] }
    : undefined;
}

function isStreamState(value: unknown): value is StreamState {
  if (!isJsonObject(value)) return false;
  const { customer, touchpoint } = value;
  return (
    isJsonObject(customer) &&
    typeof customer['registered'] === 'boolean' &&
    isJsonObject(touchpoint) &&
    Array.isArray(touchpoint['redacted'])
  );
}
