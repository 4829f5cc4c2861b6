import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkCommit } from './commit-check';
import { decodeTransaction, encodeTransaction } from './frames';
import type { Transaction } from './frames';
import { IdempotencyCache } from './idempotency-cache';
import { LogFile } from './log-file';
import {
  isMetastream,
  METADATA_TYPE,
  metastreamOf,
  NOTHING,
  originalOf,
  SOFT_DELETE_METADATA,
  ticksOf,
  TOMBSTONE,
  TOMBSTONE_TYPE,
} from './records';
import type { Expected, ProposedEvent, StoredEvent } from './records';
import { StoredStream } from './stored-stream';
import { seeds, statistics } from './system-events';

/** What the real log puts around an event. */
const RECORD_BYTES = 117;
/** Epoch records and the like, which no read shows. */
const EPOCH_BYTES = 263;
const LOG_FILE = 'events.log';

export type WriteOutcome =
  | {
      readonly kind: 'written';
      /** Of the request's last event; −1 where a stream without events got none. */
      readonly revision: number;
      /** Absent where the event that was written before is hidden now. */
      readonly position: number | undefined;
    }
  | { readonly kind: 'wrong-expected-version'; readonly current: number }
  | { readonly kind: 'deleted' };

export interface StoreOptions {
  /** Where events survive a restart; in memory only without it. */
  readonly directory?: string | undefined;
  readonly cacheBytes?: number | undefined;
}

/**
 * The log and its streams in memory, and in one file where a directory is given. It is its own format and not the
 * embedded engine's log: that one knows neither deletes nor metadata nor repeated ids, and a double that shares code
 * with an engine under test would share its mistakes.
 */
export class Store {
  readonly cache: IdempotencyCache;
  /** Added to the clock that stamps events. */
  clockOffsetMs = 0;
  #log: StoredEvent[] = [];
  #streams = new Map<string, StoredStream>();
  #end = 0;
  #shown = 0;
  #settled: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<() => void>();
  /** Of empty appends: no event stands there, yet the server has given the position out. */
  readonly #emptyRecords = new Set<number>();
  readonly #file: LogFile | undefined;

  constructor({ directory, cacheBytes }: StoreOptions = {}) {
    this.cache = new IdempotencyCache(cacheBytes);
    if (directory !== undefined) {
      mkdirSync(directory, { recursive: true });
      this.#file = LogFile.open(join(directory, LOG_FILE), (frame) => this.#apply(decodeTransaction(frame)));
      this.#shown = this.#log.length;
    }
    this.#start();
  }

  async append(
    stream: string,
    expected: Expected,
    proposed: readonly ProposedEvent[],
  ): Promise<WriteOutcome> {
    const outcome = this.#decide(stream, expected, proposed);
    // Also what is refused or was written before rests on events that may not be on the disk yet.
    await this.#settled;
    return outcome;
  }

  #decide(name: string, expected: Expected, proposed: readonly ProposedEvent[]): WriteOutcome {
    const stream = this.stream(name);
    const decision = checkCommit(
      stream,
      this.cache,
      expected,
      proposed.map(({ id }) => id),
    );
    switch (decision.kind) {
      case 'wrong-expected-version':
        return { kind: 'wrong-expected-version', current: stream.last };
      case 'deleted':
        return { kind: 'deleted' };
      case 'idempotent': {
        const event = stream.events[decision.last];
        const position = event !== undefined && stream.isShown(event) ? event.position : undefined;
        return { kind: 'written', revision: decision.last, position };
      }
      case 'ok':
        return this.#write(stream, proposed, decision.undelete);
    }
  }

  #write(stream: StoredStream, proposed: readonly ProposedEvent[], undelete: boolean): WriteOutcome {
    const first = stream.last + 1;
    const writer = this.#writer();
    if (proposed.length === 0) writer.skip(RECORD_BYTES);
    for (const [i, event] of proposed.entries()) {
      const { position } = writer.add(stream.name, first + i, event);
      if (i === proposed.length - 1) writer.position = position;
    }
    if (undelete) this.#undelete(writer, stream, first, undefined);
    const original = isMetastream(stream.name) ? this.stream(originalOf(stream.name)) : undefined;
    const metadata = proposed.at(-1);
    if (original?.softDeleted === true && metadata !== undefined) {
      this.#undelete(writer, original, original.last + 1, metadata.data, first + proposed.length);
    }
    const position = writer.position;
    this.#commit(writer.transaction());
    return { kind: 'written', revision: first + proposed.length - 1, position };
  }

  /** A write to a soft-deleted stream shows it again, from its first new event on. */
  #undelete(
    writer: Writer,
    stream: StoredStream,
    from: number,
    metadata: Uint8Array | undefined,
    at?: number,
  ): void {
    const metastream = this.stream(metastreamOf(stream.name));
    const data = metadata ?? metastream.events.at(-1)?.data ?? NOTHING;
    let kept: Record<string, unknown>;
    try {
      kept = JSON.parse(Buffer.from(data).toString());
    } catch {
      return;
    }
    writer.add(metastream.name, at ?? metastream.events.length, metadataEvent({ ...kept, $tb: from }));
  }

  /** Deletes softly (by metadata; the next append goes on counting) or for ever (by a tombstone). */
  async delete(name: string, expected: Expected, forEver: boolean): Promise<WriteOutcome> {
    const outcome = this.#decideDelete(this.stream(name), expected, forEver);
    await this.#settled;
    return outcome;
  }

  #decideDelete(stream: StoredStream, expected: Expected, forEver: boolean): WriteOutcome {
    const id = randomUUID();
    const current = stream.last;
    const decision = checkCommit(stream, this.cache, expected, [id]);
    if (decision.kind === 'deleted') return { kind: 'deleted' };
    if (decision.kind !== 'ok') return { kind: 'wrong-expected-version', current };
    const writer = this.#writer();
    let written: StoredEvent;
    if (forEver) {
      const event = { id, type: TOMBSTONE_TYPE, json: false, data: NOTHING, metadata: NOTHING };
      written = writer.add(stream.name, TOMBSTONE, event);
    } else {
      if (current < 0 && !stream.hasMetadata) return { kind: 'wrong-expected-version', current };
      const metastream = this.stream(metastreamOf(stream.name));
      const event = { ...metadataEvent({}), id, data: SOFT_DELETE_METADATA };
      written = writer.add(metastream.name, metastream.events.length, event);
    }
    this.#commit(writer.transaction());
    return { kind: 'written', revision: written.revision, position: written.position };
  }

  stream(name: string): StoredStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new StoredStream(
        name,
        () => (isMetastream(name) ? undefined : this.#streams.get(metastreamOf(name))?.events.at(-1)),
        () => isMetastream(name) && this.#streams.get(originalOf(name))?.tombstoned === true,
      );
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** Events that reads may show, in the order of their positions. */
  get shown(): number {
    return this.#shown;
  }

  at(index: number): StoredEvent | undefined {
    return index < this.#shown ? this.#log[index] : undefined;
  }

  /** The position that the next event will have, or pass. */
  get end(): number {
    return this.#end;
  }

  /** Index of the first event at a position or after it. */
  indexOf(position: number): number {
    let low = 0;
    let high = this.#shown;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.position ?? Infinity) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether the server gave this position out, or it lies beyond everything written. */
  isPosition(position: number): boolean {
    if (position === 0 || position >= this.#end || this.#emptyRecords.has(position)) return true;
    return this.#log[this.indexOf(position)]?.position === position;
  }

  isShown(event: StoredEvent): boolean {
    return event.position < (this.#log[this.#shown]?.position ?? Infinity);
  }

  /** Told whenever there is more to show; call what it returns to end that. */
  onShown(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the server writes by itself every now and then. */
  async writeStatistics(): Promise<void> {
    const { stream, event } = statistics();
    await this.append(stream, { kind: 'any' }, [event]);
  }

  /** As a database just made. */
  async clear(): Promise<void> {
    await this.#settled;
    this.#file?.clear();
    this.#log = [];
    this.#streams.clear();
    this.#end = 0;
    this.#shown = 0;
    this.cache.clear();
    this.#start();
    await this.#settled;
  }

  async close(): Promise<void> {
    await this.#settled;
    await this.#file?.close();
  }

  #start(): void {
    this.#end += EPOCH_BYTES;
    if (this.#log.length > 0) return;
    for (const { stream, event } of seeds()) this.#decide(stream, { kind: 'any' }, [event]);
  }

  #writer(): Writer {
    return new Writer(this.#end, ticksOf(Date.now() + this.clockOffsetMs));
  }

  #commit(transaction: Transaction): void {
    this.#apply(transaction);
    for (const { id, stream, revision } of transaction.events) this.cache.put(id, { stream, revision });
    const shown = this.#log.length;
    const show = (): void => {
      this.#shown = shown;
      for (const listener of this.#listeners) listener();
    };
    if (this.#file === undefined) return show();
    this.#file.append(encodeTransaction(transaction));
    this.#settled = this.#file.flushed().then(show);
  }

  #apply({ events, end }: Transaction): void {
    for (const event of events) {
      this.#log.push(event);
      this.stream(event.stream).add(event);
    }
    if (events.length === 0) this.#emptyRecords.add(end - RECORD_BYTES);
    this.#end = end;
  }
}

class Writer {
  /** That of the request's last event; of the empty record where there is none. */
  position: number;
  readonly #events: StoredEvent[] = [];

  constructor(
    private end: number,
    private readonly ticks: bigint,
  ) {
    this.position = end;
  }

  add(stream: string, revision: number, event: ProposedEvent): StoredEvent {
    const stored: StoredEvent = { ...event, stream, revision, position: this.end, ticks: this.ticks };
    this.#events.push(stored);
    this.end += RECORD_BYTES + stream.length + event.type.length + event.data.length + event.metadata.length;
    return stored;
  }

  skip(bytes: number): void {
    this.end += bytes;
  }

  transaction(): Transaction {
    return { events: this.#events, end: this.end };
  }
}

function metadataEvent(metadata: Readonly<Record<string, unknown>>): ProposedEvent {
  const data = Buffer.from(JSON.stringify(metadata));
  return { id: randomUUID(), type: METADATA_TYPE, json: true, data, metadata: NOTHING };
}
