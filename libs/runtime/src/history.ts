import { customerStream } from '#libs/core';
import type { EventLog, JsonObject, StoredRecord } from '#libs/core';
import { leafOf, NO_PREDECESSOR, parseEnvelope } from '#libs/trust';
import type { Keyring } from './keyring';
import { isHidden, openWithKeyring } from './open-record';
import type { StreamHeads } from './stream-head';
import { waitUntil } from './waiting';
import type { Waiting } from './waiting';

/** A page ends early where its events are long: it is built in memory, and again as text. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** Records read at once. */
const READ_AT_ONCE = 64;

export interface HistoryRange {
  /** On recordedAt: `from` inclusive, `to` exclusive. */
  readonly from?: string;
  readonly to?: string;
  /** Only events after this revision. */
  readonly after?: number;
}

/** An event as history shows it; `type` as it was written. */
export interface HistoryEntry extends JsonObject {
  readonly type: string;
  readonly position: number;
}

export interface HistoryPage {
  readonly items: readonly JsonObject[];
  /** Revision after which the next page begins. */
  readonly next?: number;
}

/** Replays what was recorded about a customer, from the log itself. Redactions are applied before anything is unsealed. */
export class History {
  constructor(
    private readonly log: EventLog,
    private readonly keyring: Keyring,
    private readonly heads: StreamHeads,
  ) {}

  /** Revision of the customer's last event, waited for where one is asked for; −1 where there is none. */
  async headRevision(customerId: string, waiting?: Waiting): Promise<number> {
    const stream = customerStream(customerId);
    return waitUntil(waiting, async () => (await this.heads.refresh(stream)).revision);
  }

  events(customerId: string, range: HistoryRange, limit: number): Promise<HistoryPage> {
    const stream = customerStream(customerId);
    return this.#page(stream, range, limit, (record, redacted) => this.#entry(record, redacted));
  }

  /** As committed: what is hashed, so that anyone can recompute the chain. */
  records(customerId: string, range: HistoryRange, limit: number): Promise<HistoryPage> {
    return this.#committed(customerStream(customerId), range, limit);
  }

  /** One event as committed, of a customer or of the models. */
  async record(eventId: string): Promise<JsonObject | undefined> {
    const [located] = await this.log.locate([eventId]);
    if (located === undefined) return undefined;
    const { items } = await this.#committed(located.stream, { after: located.revision - 1 }, 1);
    return items[0];
  }

  /** Records of a feed in the form of history, hiding what has been redacted by now. */
  async *entriesOf(records: readonly StoredRecord[]): AsyncGenerator<HistoryEntry> {
    for (let start = 0; start < records.length; start += READ_AT_ONCE) {
      const some = records.slice(start, start + READ_AT_ONCE);
      const streams = [...new Set(some.map(({ stream }) => stream))];
      const heads = await Promise.all(streams.map((stream) => this.heads.refresh(stream)));
      const redacted = new Map(streams.map((stream, i) => [stream, heads[i]?.state.touchpoint.redacted]));
      for (const record of some) yield this.#entry(record, redacted.get(record.stream) ?? []);
    }
  }

  #committed(stream: string, range: HistoryRange, limit: number): Promise<HistoryPage> {
    return this.#page(stream, range, limit, (record, redacted, previous) =>
      Promise.resolve(committed(record, redacted, previous)),
    );
  }

  async #page(
    stream: string,
    range: HistoryRange,
    limit: number,
    form: (record: StoredRecord, redacted: readonly string[], previous: string) => Promise<JsonObject>,
  ): Promise<HistoryPage> {
    const head = await this.heads.refresh(stream);
    const { redacted } = head.state.touchpoint;
    const first = Math.max((range.after ?? -1) + 1, await this.#firstAt(stream, head.revision, range.from));
    let previous = NO_PREDECESSOR;
    if (first > 0)
      previous = (await this.log.readStream(stream, first - 1, 1))[0]?.leafHash ?? NO_PREDECESSOR;
    const items: JsonObject[] = [];
    let bytes = 0;
    for (let from = first; from <= head.revision; from += READ_AT_ONCE) {
      for (const record of await this.log.readStream(stream, from, READ_AT_ONCE)) {
        if (range.to !== undefined && parseEnvelope(record.env).at >= range.to) return { items };
        if (items.length === limit || bytes > PAGE_BYTES) return { items, next: record.rev - 1 };
        items.push(await form(record, redacted, previous));
        bytes += Object.values(record.sealed).reduce((sum, blob) => sum + blob.length, record.env.length);
        previous = record.leafHash;
      }
    }
    return { items };
  }

  /** First revision recorded at or after an instant, by bisection: `at` never falls within a stream. */
  async #firstAt(stream: string, head: number, from: string | undefined): Promise<number> {
    if (from === undefined) return 0;
    let low = 0;
    let high = head + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [record] = await this.log.readStream(stream, middle, 1);
      if (record !== undefined && parseEnvelope(record.env).at < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #entry(record: StoredRecord, redacted: readonly string[]): Promise<HistoryEntry> {
    const { env, recorded } = await openWithKeyring(record, this.keyring, redacted);
    const { id: eventId, revision, position, recordedAt, occurredAt, event } = recorded;
    const { kind, id } = env.actor;
    return {
      eventId,
      revision,
      position,
      type: env.type,
      occurredAt,
      recordedAt,
      actor: { kind, id },
      purpose: env.purpose,
      data: { ...event.data },
      leafHash: record.leafHash,
      ...(isHidden(env, redacted) ? { redacted: true } : {}),
    };
  }
}

function committed(record: StoredRecord, redacted: readonly string[], previous: string): JsonObject {
  const hidden = isHidden(parseEnvelope(record.env), redacted);
  const blobs = hidden ? [] : Object.entries(record.sealed);
  return {
    env: JSON.parse(record.env),
    sealed: Object.fromEntries(blobs.map(([path, blob]) => [path, Buffer.from(blob).toString('base64')])),
    leaf: JSON.parse(leafOf(record, previous).text),
    leafHash: record.leafHash,
    position: record.position,
  };
}
