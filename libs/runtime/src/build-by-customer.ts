import { CUSTOMER_STREAM } from '#libs/core';
import type { EventFeed, EventLog, StoredRecord } from '#libs/core';
import type { GroupProjector } from './group-projector';
import { breathe } from './waiting';

/** Events that a build folds and commits at once. */
const BUILD_BATCH = 2_000;
/** Bytes of envelopes and blobs after which a build's batch is folded, however few its events are. */
const BUILD_BATCH_BYTES = 8 * 1024 * 1024;
const STREAMS_PAGE = 500;
const EVENTS_PAGE = 250;
/** What a build writes has no place in the feed until it is done. */
const NOWHERE = { partition: 0, expected: undefined, next: undefined };

export interface BuildPorts {
  readonly projector: GroupProjector;
  readonly log: EventLog;
  readonly feed: EventFeed;
}

/** Folds stream by stream, each to its head as read, then sets the checkpoints to where the feed ended at the start. */
export async function buildByCustomer(
  { projector, log, feed }: BuildPorts,
  tell: (events: number, progress: number) => void,
): Promise<void> {
  // Noted before the first read: all that stands before it in the feed is in the log by now.
  const ends = await feed.ends();
  const position = await log.lastPosition();
  let events = 0;
  let batch: StoredRecord[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    events += await projector.apply(batch, NOWHERE);
    batch = [];
    bytes = 0;
    tell(events, position === 0 ? 1 : Math.min(1, events / position));
    await breathe();
  };
  for (let cursor: string | undefined; ;) {
    const page = await log.streams(cursor, STREAMS_PAGE);
    for (const { stream, revision } of page.items) {
      if (!stream.startsWith(CUSTOMER_STREAM)) continue;
      for (let from = 0; from <= revision; from += EVENTS_PAGE) {
        const records = await log.readStream(stream, from, Math.min(EVENTS_PAGE, revision - from + 1));
        batch.push(...records);
        for (const { env, sealed } of records) {
          bytes += Object.values(sealed).reduce((sum, blob) => sum + blob.length, env.length);
        }
        if (batch.length >= BUILD_BATCH || bytes >= BUILD_BATCH_BYTES) await flush();
      }
    }
    if (page.next === undefined) break;
    cursor = page.next;
  }
  if (batch.length > 0) await flush();
  for (const [partition, next] of ends) await projector.apply([], { partition, expected: undefined, next });
}
