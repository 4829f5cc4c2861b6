import { pause } from '#libs/core';
import type { AppendRequest, AppendResult, EventLog, Located, StoredRecord, StreamHead } from '#libs/core';
import { StorageError } from '../storage-thread';
import type { Storage } from '../storage-thread';
import type { LogReader } from './log-reader';
import { packAppends } from './packing';

/** Records that one commit takes: bounds the time that the first of a batch waits for the last. */
const MAX_COMMIT_RECORDS = 4_096;
/** Commits under way: one on the disk while the next is packed. */
const MAX_COMMITS_UNDER_WAY = 2;
/** How often a follower that has caught up asks whether there is anything new. */
const FOLLOW_POLL_MS = 10;
/** A page begins small and grows while its records are small: a ledger of long texts must not fill the memory. */
const FOLLOW_PAGE = { first: 125, most: 1_000 };
const FOLLOW_PAGE_BYTES = 4 * 1024 * 1024;

interface Queued {
  readonly request: AppendRequest;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/** The log in one SQLite file: appends of all callers are committed together, reads go past the writer. */
export class EmbeddedEventLog implements EventLog {
  #queue: Queued[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(
    private readonly storage: Storage,
    private readonly reader: LogReader,
  ) {}

  append(request: AppendRequest): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      // All appends of one turn travel as one message.
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#commit();
      });
    });
  }

  #commit(): void {
    while (this.#queue.length > 0 && this.#underWay < MAX_COMMITS_UNDER_WAY) {
      const batch = this.#take();
      this.#underWay++;
      const packed = packAppends(batch.map(({ request }) => request));
      this.storage
        .call('append', packed, packed.blobs)
        .then((results) => {
          for (const [i, { resolve, reject }] of batch.entries()) {
            const result = results[i];
            if (result === undefined) reject(new StorageError('an append without an answer', ''));
            else resolve(result);
          }
        })
        .catch((error: unknown) => {
          for (const { reject } of batch) reject(error);
        })
        .finally(() => {
          this.#underWay--;
          this.#commit();
        });
    }
  }

  #take(): Queued[] {
    let records = 0;
    let count = 0;
    for (const { request } of this.#queue) {
      records += request.records.length;
      if (count > 0 && records > MAX_COMMIT_RECORDS) break;
      count++;
    }
    const batch = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return batch;
  }

  async readStream(stream: string, fromRevision: number, limit: number): Promise<readonly StoredRecord[]> {
    return this.reader.readStream(stream, fromRevision, limit);
  }

  async readAll(afterPosition: number, limit: number): Promise<readonly StoredRecord[]> {
    return this.reader.readAll(afterPosition, limit);
  }

  async head(stream: string): Promise<StoredRecord | undefined> {
    return this.reader.head(stream);
  }

  async streams(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ items: readonly StreamHead[]; next?: string }> {
    return this.reader.streams(cursor, limit);
  }

  async locate(references: readonly string[]): Promise<readonly (Located | undefined)[]> {
    return references.length === 0 ? [] : this.reader.locate(references);
  }

  async lastPosition(): Promise<number> {
    return this.reader.lastPosition();
  }

  async *follow(afterPosition: number, signal: AbortSignal): AsyncGenerator<readonly StoredRecord[]> {
    let after = afterPosition;
    let page = FOLLOW_PAGE.first;
    while (!signal.aborted) {
      const version = this.reader.dataVersion();
      const records = this.reader.readAll(after, page);
      const last = records[records.length - 1];
      if (last !== undefined) {
        after = last.position;
        const bytes = records.reduce((sum, record) => sum + sizeOfRecord(record), 0);
        page = bytes > FOLLOW_PAGE_BYTES ? Math.ceil(page / 2) : Math.min(2 * page, FOLLOW_PAGE.most);
        yield records;
        continue;
      }
      while (!signal.aborted && this.reader.dataVersion() === version) await pause(FOLLOW_POLL_MS, signal);
    }
  }
}

/** Bytes of a record's envelope and blobs, about. */
function sizeOfRecord({ env, sealed }: StoredRecord): number {
  return Object.values(sealed).reduce((sum, blob) => sum + blob.length, env.length);
}
