import type { LedgerEvent } from './event-codec';
import type { EventReader } from './event-reader';

/** Most often the place is right, or the stream ends right behind it. */
const PAGE = { first: 16, most: 500 };

export interface KeySearch {
  /** The first event with one of the keys. */
  readonly found?: LedgerEvent;
  /** Whether any event stands at the revision at which the search began. */
  readonly occupied: boolean;
}

/** Looks for keys in a stream from a revision to its end: an event never stands before the place at which its key is held. */
export async function searchKeys(
  reader: EventReader,
  stream: string,
  fromRevision: number,
  keys: { has(key: string): boolean },
): Promise<KeySearch> {
  let from = fromRevision;
  for (let limit = PAGE.first; ; limit = Math.min(PAGE.most, 4 * limit)) {
    const events = await reader.stream(stream, from, limit);
    const found = events.find(({ entry: { key } }) => key !== undefined && keys.has(key));
    if (found !== undefined) return { found, occupied: true };
    from += events.length;
    if (events.length < limit) return { occupied: from > fromRevision };
  }
}
