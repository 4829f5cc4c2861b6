import { ownerOf } from '#libs/core';
import type { EventLog, StoredRecord } from '#libs/core';
import { evolveStream, initialStreamState } from '#libs/domain';
import { CHAIN_START, RecordFormatError, verifyRecord } from '#libs/trust';
import { EventFormatError } from '#libs/events';
import type { CustomerKeys, Keyring } from './keyring';
import { isHidden, openRecord } from './open-record';
import type { OpenedRecord } from './open-record';
import { breathe } from './waiting';

export interface LedgerFault {
  readonly stream: string;
  readonly revision: number;
  readonly what: string;
}

export interface LedgerReport {
  readonly streams: number;
  readonly events: number;
  readonly faultCount: number;
  /** The first of them. */
  readonly faults: readonly LedgerFault[];
}

const STREAMS_PAGE = 500;
/** Streams under way at once: a log on another machine answers each question after a while. */
const STREAMS_AT_ONCE = 8;
/** Few, since each may be as long as a command's body may be. */
const EVENTS_PAGE = 50;
/** Of the log as a whole, where events are only counted. */
const LOG_PAGE = 250;
/** In the place of a stream's name: no stream has it. */
const WHOLE_LOG = '$all';
/** Faults named one by one; the others are counted. */
const MAX_FAULTS = 100;

/**
 * Recomputes every record and chain from its bytes, opens every blob with the customer's key, and holds the indexes
 * against the events. What a chain can't show (a stream's tail, or a stream, that is missing as a whole) is told by the
 * transparency log, which is not there yet.
 */
export async function verifyLedger(
  log: EventLog,
  keyring: Keyring,
  tell: (events: number) => void,
): Promise<LedgerReport> {
  const faults: LedgerFault[] = [];
  let faultCount = 0;
  let streams = 0;
  let events = 0;
  const until = await log.lastPosition();
  let listed = 0;
  for (let cursor: string | undefined; ;) {
    const page = await log.streams(cursor, STREAMS_PAGE);
    for (let start = 0; start < page.items.length; start += STREAMS_AT_ONCE) {
      const some = page.items.slice(start, start + STREAMS_AT_ONCE);
      const verified = await Promise.all(
        some.map(({ stream, revision }) =>
          new StreamVerification(log, keyring, { stream, until }).upTo(revision),
        ),
      );
      for (const one of verified) {
        faults.push(...one.found.slice(0, MAX_FAULTS - faults.length));
        faultCount += one.faultCount;
        events += one.events;
        listed += one.listed;
      }
      streams += some.length;
      tell(events);
    }
    if (page.next === undefined) break;
    cursor = page.next;
  }
  const unlisted = (await countUpTo(log, until, () => tell(events))) - listed;
  if (unlisted !== 0) {
    faultCount++;
    faults.push({
      stream: WHOLE_LOG,
      revision: 0,
      what: `${unlisted} events stand in no stream that is listed`,
    });
  }
  return { streams, events, faultCount, faults };
}

/** Events of the log itself: on some engines streams are listed by an index beside it, which may have lost some. */
async function countUpTo(log: EventLog, until: number, tell: () => void): Promise<number> {
  let count = 0;
  for (let after = 0; after < until;) {
    const records = await log.readAll(after, LOG_PAGE);
    count += records.filter(({ position }) => position <= until).length;
    const last = records[records.length - 1];
    if (last === undefined) break;
    after = last.position;
    tell();
    await breathe();
  }
  return count;
}

/** One stream from its first record to its last, as it stood when its head was read. */
class StreamVerification {
  readonly found: LedgerFault[] = [];
  faultCount = 0;
  events = 0;
  /** Of these, those that stood in the log when the verification began. */
  listed = 0;
  readonly #stream: string;
  readonly #until: number;
  #head = CHAIN_START;
  #state = initialStreamState;
  #keys: CustomerKeys | undefined;
  readonly #gone: { readonly record: StoredRecord; readonly path: string }[] = [];

  constructor(
    private readonly log: EventLog,
    private readonly keyring: Keyring,
    { stream, until }: { readonly stream: string; readonly until: number },
  ) {
    this.#stream = stream;
    this.#until = until;
  }

  async upTo(last: number): Promise<this> {
    this.#keys = await this.keyring.reload(ownerOf(this.#stream));
    for (let from = 0; from <= last; from += EVENTS_PAGE) {
      await this.#page(await this.log.readStream(this.#stream, from, Math.min(EVENTS_PAGE, last - from + 1)));
      await breathe();
    }
    if (this.#keys !== undefined && this.#head.tag !== undefined && this.#keys.tag !== this.#head.tag) {
      this.#fault(last, 'the stream tag is not the vault’s');
    }
    if (this.#gone.length > 0) await this.#readOn(last + 1);
    for (const { record, path } of this.#gone) {
      const opened = this.#open(record, undefined);
      const hidden = opened !== undefined && isHidden(opened.env, this.#state.touchpoint.redacted);
      if (!hidden && this.#keys !== undefined) {
        this.#fault(record.rev, `${path}: the blob is gone, and nothing redacts it`);
      }
    }
    if (this.events !== last + 1) this.#fault(last, `${this.events} events where ${last + 1} are due`);
    return this;
  }

  /** A redaction that came after the head was read has taken its blobs already. */
  async #readOn(from: number): Promise<void> {
    const records = await this.log.readStream(this.#stream, from, EVENTS_PAGE);
    for (const record of records) {
      const opened = this.#open(record, this.#keys);
      if (opened !== undefined) this.#state = evolveStream(this.#state, opened.recorded.event);
    }
    if (records.length === EVENTS_PAGE) await this.#readOn(from + EVENTS_PAGE);
  }

  async #page(records: readonly StoredRecord[]): Promise<void> {
    const keyed: (readonly [key: string, revision: number])[] = [];
    for (const record of records) {
      const result = verifyRecord(record, this.#head);
      this.#head = result.head;
      for (const what of result.faults) this.#fault(record.rev, what);
      const opened = await this.#openNow(record);
      if (opened === undefined) continue;
      const { env, recorded } = opened;
      this.#state = evolveStream(this.#state, recorded.event);
      for (const path of Object.keys(env.sealed)) {
        if (record.sealed[path] === undefined) this.#gone.push({ record, path });
      }
      if (env.idem !== undefined) keyed.push([env.idem.k, record.rev]);
    }
    this.events += records.length;
    this.listed += records.filter(({ position }) => position <= this.#until).length;
    const ids = records.map(({ id, rev }) => [id, rev] as const);
    await this.#located(ids, 'the index of event ids does not find it here');
    await this.#located(keyed, 'the index of idempotency keys does not find it');
  }

  async #openNow(record: StoredRecord): Promise<OpenedRecord | undefined> {
    const opened = this.#open(record, this.#keys);
    if (opened === undefined || opened.unopened === 0) return opened;
    // Made since the row was read, or destroyed: only an erased customer has no keys at all.
    this.#keys = await this.keyring.reload(ownerOf(this.#stream));
    const again = this.#open(record, this.#keys);
    if (this.#keys !== undefined && (again?.unopened ?? 0) > 0) {
      this.#fault(record.rev, 'no key of the customer opens it');
    }
    return again;
  }

  #open(record: StoredRecord, keys: CustomerKeys | undefined): OpenedRecord | undefined {
    try {
      return openRecord(record, keys);
    } catch (error) {
      if (!(error instanceof RecordFormatError) && !(error instanceof EventFormatError)) throw error;
      this.#fault(record.rev, error.message);
      return undefined;
    }
  }

  /** The index must find each reference at its revision of this stream; asked for a page at once. */
  async #located(
    references: readonly (readonly [reference: string, revision: number])[],
    what: string,
  ): Promise<void> {
    const located = await this.log.locate(references.map(([reference]) => reference));
    for (const [i, [, revision]] of references.entries()) {
      const place = located[i];
      if (place?.stream !== this.#stream || place.revision !== revision) this.#fault(revision, what);
    }
  }

  #fault(revision: number, what: string): void {
    this.faultCount++;
    if (this.found.length < MAX_FAULTS) this.found.push({ stream: this.#stream, revision, what });
  }
}
