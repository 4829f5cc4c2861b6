import { streamNameFilter } from '@eventstore/db-client';
import { isUuid } from '#libs/core';
import type {
  AppendRecord,
  AppendRequest,
  AppendResult,
  EventLog,
  IndexedPlace,
  Located,
  LogIndex,
  StoredRecord,
  StreamHead,
} from '#libs/core';
import { AppendRefused, AppendWriter } from './append-writer';
import { Confirmations } from './confirmations';
import type { Links } from './connection';
import { entryOf, fromEvent, isLedgerEvent, LEDGER_PREFIXES } from './event-codec';
import type { LedgerEvent } from './event-codec';
import { EventReader } from './event-reader';
import { KeyClaim, ReleasedKeys } from './key-claim';
import type { ClaimPorts } from './key-claim';
import { searchKeys } from './key-search';
import { StreamQueues } from './stream-queues';
import { subscribeAll } from './subscription';
import { TIMINGS } from './timings';
import type { Timings } from './timings';

/** How often an append claims its keys anew because they were taken from it. */
const MAX_CLAIMS = 4;
/** Records that one step of `reindex` takes. */
const REINDEX_PAGE = 500;

/** The log in EventStoreDB or KurrentDB; what it has no look-up for is in the index beside it. */
export class EventStoreLog implements EventLog {
  readonly #reader: EventReader;
  readonly #writer: AppendWriter;
  readonly #confirmations: Confirmations;
  readonly #queues: StreamQueues;
  readonly #claimPorts: ClaimPorts;

  constructor(
    private readonly links: Links,
    private readonly index: LogIndex,
    timings: Timings = TIMINGS,
  ) {
    this.#reader = new EventReader(links.reads);
    this.#writer = new AppendWriter(links, this.#reader, timings);
    this.#confirmations = new Confirmations(index);
    const headOf = async (stream: string): Promise<number> => (await this.head(stream))?.rev ?? -1;
    this.#queues = new StreamQueues((request) => this.#append(request), headOf);
    this.#claimPorts = {
      index,
      timings,
      reader: this.#reader,
      confirmations: this.#confirmations,
      released: new ReleasedKeys(),
    };
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    const key = repeatedKey(request.records);
    return key === undefined ? this.#queues.push(request) : { outcome: 'duplicate', key };
  }

  async #append(request: AppendRequest): Promise<AppendResult> {
    const { stream, expectedRevision, records } = request;
    const entries = records.map(entryOf);
    const claim = new KeyClaim(this.#claimPorts, entries);
    for (let round = 1; ; round++) {
      const key = await claim.claim();
      if (key !== undefined) {
        claim.release();
        return { outcome: 'duplicate', key };
      }
      const written = await this.#write(request, claim);
      if (written.outcome === 'written') {
        this.#confirmations.add(entries);
        return { outcome: 'appended', positions: written.positions };
      }
      if (written.outcome === 'lost-claim' && round < MAX_CLAIMS) continue;
      const behind = await claim.keyBehind(stream, expectedRevision + 1);
      claim.release();
      if (behind !== undefined) return { outcome: 'duplicate', key: behind };
      const head =
        written.outcome === 'wrong-revision' ? written.head : ((await this.head(stream))?.rev ?? -1);
      return { outcome: 'conflict', head };
    }
  }

  async #write(request: AppendRequest, claim: KeyClaim): ReturnType<AppendWriter['write']> {
    try {
      return await this.#writer.write(request, () => claim.holds());
    } catch (error) {
      if (error instanceof AppendRefused) claim.release();
      throw error;
    }
  }

  async readStream(stream: string, fromRevision: number, limit: number): Promise<readonly StoredRecord[]> {
    return (await this.#reader.stream(stream, fromRevision, limit)).map(recordOf);
  }

  async readAll(afterPosition: number, limit: number): Promise<readonly StoredRecord[]> {
    return (await this.#reader.all(afterPosition, limit)).map(recordOf);
  }

  async head(stream: string): Promise<StoredRecord | undefined> {
    return (await this.#reader.head(stream))?.record;
  }

  async lastPosition(): Promise<number> {
    return this.#reader.lastPosition();
  }

  async streams(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ items: readonly StreamHead[]; next?: string }> {
    const { items, next } = await this.index.streams(cursor, limit);
    const heads = await Promise.all(items.map((stream) => this.head(stream)));
    // The index knows streams whose first event never came.
    const found = heads.flatMap((head) =>
      head === undefined ? [] : [{ stream: head.stream, revision: head.rev }],
    );
    return { items: found, ...(next === undefined ? {} : { next }) };
  }

  async locate(references: readonly string[]): Promise<readonly (Located | undefined)[]> {
    if (references.length === 0) return [];
    const places = await this.index.find(references);
    const found = await Promise.all(references.map((reference, i) => this.#verified(reference, places[i])));
    const ids = references.filter((reference, i) => isUuid(reference) && found[i] !== undefined);
    const states = ids.length === 0 ? [] : await this.index.states([...new Set(ids)]);
    return Promise.all(
      references.map(async (reference, i) => {
        const place = found[i];
        if (place === undefined || !isUuid(reference)) return place;
        const about = states.filter(
          (entry) => entry.about?.target === reference && entry.stream === place.stream,
        );
        for (const { eventId, revision } of about.toSorted((a, b) => b.revision - a.revision)) {
          const event = await this.#reader.at(place.stream, revision);
          if (event?.record.id === eventId) return { ...place, state: revision };
        }
        return place;
      }),
    );
  }

  /** What the index says, where the log agrees. */
  async #verified(reference: string, place: IndexedPlace | undefined): Promise<Located | undefined> {
    if (place === undefined) return undefined;
    const { stream, revision, confirmed } = place;
    if (confirmed) return { stream, revision };
    const event = isUuid(reference)
      ? await this.#reader.at(stream, revision)
      : (await searchKeys(this.#reader, stream, revision, new Set([reference]))).found;
    if (event === undefined || (isUuid(reference) && event.record.id !== reference)) return undefined;
    this.#confirmations.add([event.entry]);
    return { stream, revision: event.record.rev };
  }

  async *follow(afterPosition: number, signal: AbortSignal): AsyncGenerator<readonly StoredRecord[]> {
    const filter = streamNameFilter({ prefixes: [...LEDGER_PREFIXES] });
    for await (const events of subscribeAll(this.links.subscriptions, {
      filter,
      after: afterPosition,
      signal,
    })) {
      const records: StoredRecord[] = [];
      let failed: unknown;
      try {
        for (const event of events) if (isLedgerEvent(event)) records.push(fromEvent(event).record);
      } catch (error) {
        failed = error;
      }
      // What stands before an event that is no record is good.
      if (records.length > 0) yield records;
      if (failed !== undefined) throw failed;
    }
  }

  /** Makes the index again from the log; what is in it already stays. `tell` is given the number of events so far. */
  async reindex(tell: (events: number) => void, signal: AbortSignal): Promise<void> {
    let done = 0;
    for (let after = 0; ;) {
      signal.throwIfAborted();
      const events = await this.#reader.all(after, REINDEX_PAGE);
      if (events.length > 0) await this.index.confirm(events.map(({ entry }) => entry));
      tell((done += events.length));
      if (events.length < REINDEX_PAGE) return;
      after = events[events.length - 1]?.record.position ?? after;
    }
  }

  /** Resolves when the index was told of all that was appended. The links stay open: they are the caller's. */
  async settled(): Promise<void> {
    await this.#confirmations.settled();
  }
}

const recordOf = ({ record }: LedgerEvent): StoredRecord => record;

function repeatedKey(records: readonly AppendRecord[]): string | undefined {
  const seen = new Set<string>();
  for (const { key } of records) {
    if (key === undefined) continue;
    if (seen.has(key)) return key;
    seen.add(key);
  }
  return undefined;
}
