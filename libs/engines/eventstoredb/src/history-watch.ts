import { eventTypeFilter } from '@eventstore/db-client';
import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import { pause } from '#libs/core';
import type { Links } from './connection';
import { LEDGER_PREFIXES, positionOf } from './event-codec';
import { subscribeAll } from './subscription';

/** Something that hides events of the ledger from reads, and lets the server delete them for good. */
export interface HistoryAlarm {
  /** The stream that it was done to: names a customer, keep it out of logs. */
  readonly stream: string;
  readonly what: 'max-age' | 'max-count' | 'truncated' | 'deleted';
  /** Where in the ledger it was done. */
  readonly position: number;
}

const METADATA_OF = '$$';
const STREAM_DELETED = '$streamDeleted';
const SETTINGS = { $maxAge: 'max-age', $maxCount: 'max-count', $tb: 'truncated' } as const;

export interface WatchOptions {
  /** A position that an event of this server had; 0 to look at all that was ever done. */
  readonly after: number;
  readonly signal: AbortSignal;
  /** Called once a finding, again where it threw. */
  readonly onAlarm: (alarm: HistoryAlarm) => void | Promise<void>;
  /** Called each time that the watch failed, before it begins again after a pause; what this throws ends it. */
  readonly onFault: (error: unknown) => void;
  readonly beginAgainMs?: number;
}

/** Pause after a failure: one that stays is told so often. */
const BEGIN_AGAIN_MS = 10_000;

/** Watches what is done to streams of the ledger until the signal aborts, whatever goes wrong meanwhile. */
export async function watchHistory(links: Links, options: WatchOptions): Promise<void> {
  const { signal, onFault, beginAgainMs = BEGIN_AGAIN_MS } = options;
  let { after } = options;
  while (!signal.aborted) {
    try {
      for await (const position of watched(links, { ...options, after })) after = position;
    } catch (error) {
      if (signal.aborted) return;
      onFault(error);
      await pause(beginAgainMs, signal);
    }
  }
}

/** Positions of the events of which all is told. */
async function* watched(links: Links, { after, signal, onAlarm }: WatchOptions): AsyncGenerator<number> {
  const filter = eventTypeFilter({ regex: '^\\$(metadata|streamDeleted)$' });
  for await (const events of subscribeAll(links.subscriptions, { filter, after, signal })) {
    for (const event of events) {
      for (const alarm of alarmsOf(event)) await onAlarm(alarm);
      yield positionOf(event);
    }
  }
}

function alarmsOf(event: AllStreamRecordedEvent): readonly HistoryAlarm[] {
  const { streamId, type, data } = event;
  const stream = streamId.startsWith(METADATA_OF) ? streamId.slice(METADATA_OF.length) : streamId;
  if (!LEDGER_PREFIXES.some((prefix) => stream.startsWith(prefix))) return [];
  const position = positionOf(event);
  if (type === STREAM_DELETED) return [{ stream, what: 'deleted', position }];
  return Object.entries(SETTINGS)
    .filter(([name]) => isObject(data) && name in data)
    .map(([, what]) => ({ stream, what, position }));
}

/** Whoever may write to a stream may write anything as its metadata: JSON's null, say. */
function isObject(data: unknown): data is object {
  return typeof data === 'object' && data !== null;
}
