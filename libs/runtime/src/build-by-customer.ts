import { CUSTOMER_STREAM } from '#libs/core';
import type { EventFeed, EventLog, StoredRecord } from '#libs/core';
import type { GroupProjector } from './group-projector';
import { breathe } from './waiting';

/** Events that a build folds and commits at once. */
const BUILD_BATCH = 2_000;
/** Bytes of envelopes and blobs after which a build's batch is folded, however few its events are. */
const BUILD_BATCH_BYTES = 8 * 1024 * 1024;
const STREAMS_PAGE = 500;
/** Few, since each may be as long as a command's body may be. */
const EVENTS_PAGE = 50;
/** Reads under way at once: a log on another machine answers each after a while. */
const READS_AT_ONCE = 8;
/** Fewer are folded here: other threads would take longer to begin. */
const MIN_EVENTS_ASIDE = 4_000;
/** What a build writes has no place in the feed until it is done. */
const NOWHERE = { partition: 0, expected: undefined, next: undefined };

export interface FoldPorts {
  readonly projector: GroupProjector;
  readonly log: EventLog;
  readonly feed: Pick<EventFeed, 'bucketOf'>;
}

export interface BuildPorts extends FoldPorts {
  readonly feed: EventFeed;
  /** Has the same done as `foldCustomers` does for all, on other threads; tells the number of events folded so far. */
  readonly foldAside?: (groupId: string, tell: (events: number) => void) => Promise<void>;
}

/**
 * A part of the customers: those whose bucket leaves `index` when divided by `of`. Whoever folds one part is the
 * only writer of its customers' documents, and of the shared documents of its buckets.
 */
export interface Share {
  readonly index: number;
  readonly of: number;
}

const EVERYBODY: Share = { index: 0, of: 1 };

/** Folds all streams, each to its head as read, then sets the checkpoints to where the feed ended at the start. */
export async function buildByCustomer(
  { projector, log, feed, foldAside }: BuildPorts,
  tell: (events: number, progress: number) => void,
): Promise<void> {
  // Noted before the first read: all that stands before it in the feed is in the log by now.
  const ends = await feed.ends();
  const position = await log.lastPosition();
  const told = (events: number): void => tell(events, position === 0 ? 1 : Math.min(1, events / position));
  if (foldAside === undefined || position < MIN_EVENTS_ASIDE)
    await foldCustomers({ projector, log, feed }, EVERYBODY, told);
  else await foldAside(projector.group.id, told);
  for (const [partition, next] of ends) await projector.apply([], { partition, expected: undefined, next });
}

/** Folds customer by customer into a group that serves nobody yet. While one batch is folded the next is read. */
export async function foldCustomers(
  { projector, log, feed }: FoldPorts,
  { index, of }: Share,
  tell: (events: number) => void,
): Promise<void> {
  let events = 0;
  const batches = batchesOf(log, (stream) => of === 1 || feed.bucketOf(stream) % of === index);
  for (let reading = ahead(batches); ;) {
    const { value: batch, done } = await reading;
    if (done === true) return;
    reading = ahead(batches);
    events += await projector.apply(batch, NOWHERE);
    tell(events);
    await breathe();
  }
}

/** What is read too early to be waited for: its fault shows when it is. */
function ahead(batches: AsyncGenerator<StoredRecord[]>): Promise<IteratorResult<StoredRecord[]>> {
  const reading = batches.next();
  reading.catch(() => undefined);
  return reading;
}

type Chosen = (stream: string) => boolean;

/** The chosen customers' records, stream by stream. */
async function* batchesOf(log: EventLog, chosen: Chosen): AsyncGenerator<StoredRecord[]> {
  let batch: StoredRecord[] = [];
  let bytes = 0;
  for await (const records of pagesOf(log, chosen)) {
    batch.push(...records);
    for (const { env, sealed } of records) {
      bytes += Object.values(sealed).reduce((sum, blob) => sum + blob.length, env.length);
    }
    if (batch.length < BUILD_BATCH && bytes < BUILD_BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

async function* pagesOf(log: EventLog, chosen: Chosen): AsyncGenerator<readonly StoredRecord[]> {
  for (let cursor: string | undefined; ;) {
    const page = await log.streams(cursor, STREAMS_PAGE);
    const pieces = page.items.flatMap(({ stream, revision }) =>
      stream.startsWith(CUSTOMER_STREAM) && chosen(stream) ? piecesOf(stream, revision) : [],
    );
    for (let start = 0; start < pieces.length; start += READS_AT_ONCE) {
      const some = pieces.slice(start, start + READS_AT_ONCE);
      yield* await Promise.all(some.map(({ stream, from, count }) => log.readStream(stream, from, count)));
    }
    if (page.next === undefined) return;
    cursor = page.next;
  }
}

interface Piece {
  readonly stream: string;
  readonly from: number;
  readonly count: number;
}

function piecesOf(stream: string, last: number): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let from = 0; from <= last; from += EVENTS_PAGE) {
    pieces.push({ stream, from, count: Math.min(EVENTS_PAGE, last - from + 1) });
  }
  return pieces;
}
