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
/** What a build writes has no place in the feed until it is done. */
const NOWHERE = { partition: 0, expected: undefined, next: undefined };

export interface BuildPorts {
  readonly projector: GroupProjector;
  readonly log: EventLog;
  readonly feed: EventFeed;
}

/**
 * Folds stream by stream, each to its head as read, then sets the checkpoints to where the feed ended at the start.
 * While one batch is folded the next is read.
 */
export async function buildByCustomer(
  { projector, log, feed }: BuildPorts,
  tell: (events: number, progress: number) => void,
): Promise<void> {
  // Noted before the first read: all that stands before it in the feed is in the log by now.
  const ends = await feed.ends();
  const position = await log.lastPosition();
  let events = 0;
  const batches = batchesOf(log);
  for (let reading = ahead(batches); ;) {
    const { value: batch, done } = await reading;
    if (done === true) break;
    reading = ahead(batches);
    events += await projector.apply(batch, NOWHERE);
    tell(events, position === 0 ? 1 : Math.min(1, events / position));
    await breathe();
  }
  for (const [partition, next] of ends) await projector.apply([], { partition, expected: undefined, next });
}

/** What is read too early to be waited for: its fault shows when it is. */
function ahead(batches: AsyncGenerator<StoredRecord[]>): Promise<IteratorResult<StoredRecord[]>> {
  const reading = batches.next();
  reading.catch(() => undefined);
  return reading;
}

/** All customers' records, stream by stream. */
async function* batchesOf(log: EventLog): AsyncGenerator<StoredRecord[]> {
  let batch: StoredRecord[] = [];
  let bytes = 0;
  for await (const records of pagesOf(log)) {
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

async function* pagesOf(log: EventLog): AsyncGenerator<readonly StoredRecord[]> {
  for (let cursor: string | undefined; ;) {
    const page = await log.streams(cursor, STREAMS_PAGE);
    const pieces = page.items.flatMap(({ stream, revision }) =>
      stream.startsWith(CUSTOMER_STREAM) ? piecesOf(stream, revision) : [],
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
