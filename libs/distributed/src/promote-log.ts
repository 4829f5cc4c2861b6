import { Lru } from '#libs/core';
import type { AppendRecord, EventLog, StoredRecord } from '#libs/core';
import { appendable } from '#libs/runtime';
import { atOnce, byStream, goOn, PromoteError } from './promote-steps';
import type { PromoteWatch } from './promote-steps';

/** Records that one read of the source takes. */
const READ_RECORDS = 1_000;
/** A page is appended stream by stream: the longer it is, the more records of a stream go with one append. */
const PAGE_RECORDS = 10_000;
const PAGE_BYTES = 16 * 1024 * 1024;
/** EventStoreDB takes about 1 MiB at once, what it adds included. */
const APPEND_RECORDS = 200;
const APPEND_BYTES = 600_000;
/** About what metadata and names of an event take. */
const RECORD_OVERHEAD_BYTES = 512;
/** Blobs travel as base64. */
const BASE64 = 4 / 3;
const STREAMS_AT_ONCE = 48;
/** Streams whose revision in the target is remembered. */
const HEADS_CACHED = 100_000;

export interface CopiedLog {
  readonly appended: number;
  /** Records that the target had already. */
  readonly present: number;
}

/** Appends what the target lacks, with the same ids, bytes and revisions, about in the order of the ledger. */
export async function copyLog(source: EventLog, target: EventLog, watch: PromoteWatch): Promise<CopiedLog> {
  const copy = new LogCopy(source, target, (await target.lastPosition()) === 0, watch);
  const end = await source.lastPosition();
  for (let after = 0; ;) {
    const page = await readPage(source, after);
    const last = page[page.length - 1];
    if (last === undefined) return copy;
    await copy.take(page, { from: after / end, to: last.position / end });
    after = last.position;
  }
}

async function readPage(source: EventLog, afterPosition: number): Promise<readonly StoredRecord[]> {
  const page: StoredRecord[] = [];
  let bytes = 0;
  let after = afterPosition;
  while (page.length < PAGE_RECORDS && bytes < PAGE_BYTES) {
    const records = await source.readAll(after, READ_RECORDS);
    for (const record of records) bytes += sizeOf(record);
    page.push(...records);
    after = records[records.length - 1]?.position ?? after;
    if (records.length < READ_RECORDS) break;
  }
  return page;
}

class LogCopy implements CopiedLog {
  appended = 0;
  present = 0;
  /** Revision at which a stream stands in the target. */
  readonly #heads = new Lru<number>(HEADS_CACHED);

  constructor(
    private readonly source: EventLog,
    private readonly target: EventLog,
    /** The target held no event at the start. */
    private readonly fresh: boolean,
    private readonly watch: PromoteWatch,
  ) {}

  /** `from` and `to` are the shares of the ledger before and after the page. */
  async take(
    page: readonly StoredRecord[],
    { from, to }: { readonly from: number; readonly to: number },
  ): Promise<void> {
    const before = this.appended + this.present;
    const tell = (): void => {
      const count = this.appended + this.present;
      const share = from + ((to - from) * (count - before)) / page.length;
      this.watch.tell({ phase: 'events', share, count });
    };
    await atOnce([...byStream(page)], STREAMS_AT_ONCE, ([stream, records]) =>
      this.#copy(stream, records, tell),
    );
  }

  async #copy(stream: string, records: readonly StoredRecord[], tell: () => void): Promise<void> {
    goOn(this.watch);
    let reached = this.#heads.get(stream) ?? (await this.#head(stream, records[0]?.rev === 0));
    const missing = records.filter(({ rev }) => rev > reached);
    this.present += records.length - missing.length;
    tell();
    for (const batch of batches(missing.map(appendable))) {
      goOn(this.watch);
      const first = batch[0]?.rev ?? reached + 1;
      // A hole in the source's own stream, or a target that lost its end while we looked.
      if (first !== reached + 1) throw new PromoteError(`revision ${reached + 1} of ${stream} is missing`);
      const result = await this.target.append({ stream, expectedRevision: reached, records: batch });
      if (result.outcome === 'conflict') {
        throw new PromoteError(
          `another process appended revision ${first} of ${stream} to the target: stop it, and run again`,
        );
      }
      if (result.outcome === 'duplicate') {
        throw new PromoteError(
          `an event of ${stream} from revision ${first} on has an idempotency key that another event of the target has`,
        );
      }
      reached += batch.length;
      this.appended += batch.length;
      tell();
    }
    this.#heads.set(stream, reached);
  }

  /** The target's revision, −1 where it has nothing of the stream. Refuses a stream that is not a copy of ours. */
  async #head(stream: string, fromTheFirst: boolean): Promise<number> {
    if (this.fresh && fromTheFirst) return -1;
    const theirs = await this.target.head(stream);
    if (theirs === undefined) return -1;
    const [ours] = await this.source.readStream(stream, theirs.rev, 1);
    if (ours !== undefined) refuseOther(ours, theirs);
    else {
      // The target is ahead: it has lived on since it was promoted to.
      const last = await this.source.head(stream);
      if (last !== undefined) refuseOther(last, (await this.target.readStream(stream, last.rev, 1))[0]);
    }
    return theirs.rev;
  }
}

function refuseOther(ours: StoredRecord, theirs: StoredRecord | undefined): void {
  if (theirs?.leafHash === ours.leafHash) return;
  throw new PromoteError(
    `the target holds another event at revision ${ours.rev} of ${ours.stream}: it is not a copy of this ledger`,
  );
}

function* batches(records: readonly AppendRecord[]): Generator<readonly AppendRecord[]> {
  let batch: AppendRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = sizeOf(record);
    if (batch.length > 0 && (batch.length >= APPEND_RECORDS || bytes + size > APPEND_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** As it travels: the envelope is text of codes and ids, so its characters are nearly its bytes. */
function sizeOf({ env, sealed }: AppendRecord): number {
  const blobs = Object.values(sealed).reduce((sum, blob) => sum + blob.length, 0);
  return RECORD_OVERHEAD_BYTES + env.length + Math.ceil(blobs * BASE64);
}
