import { BACKWARDS, END, FORWARDS, START } from '@eventstore/db-client';
import type {
  AllStreamRecordedEvent,
  EventStoreDBClient,
  Position,
  ReadPosition,
  RecordedEvent,
  StreamingRead,
} from '@eventstore/db-client';
import { EngineError, pause } from '#libs/core';
import type { Link } from './connection';
import { fromEvent, isLedgerEvent, positionOf } from './event-codec';
import type { LedgerEvent } from './event-codec';
import { engineError, failureOf } from './failures';
import { backoffMs, Gate, NoAnswer } from './waiting';

/** Calls under way on the connection for reads, of the 100 that a server takes. */
const MAX_READS_UNDER_WAY = 64;
/** A read that got nothing for so long is given up: the server sets it no limit. */
const READ_STALLED_MS = 5_000;
/** A read may be made again for so long. */
const REPEAT_WITHIN_MS = 6_000;
const REPEAT_BACKOFF = { firstMs: 25, mostMs: 1_000 };
/** Events of one read of `$all`: those of the server are read too, and passed over. */
const PAGE = { least: 32, most: 1_000 };

/** How far back the end of the ledger was looked for, and its last event's position there. */
const NOTHING_SEEN = { seen: -1, last: 0 };

type AnyEvent = RecordedEvent | AllStreamRecordedEvent;
type OpenRead = (client: EventStoreDBClient) => StreamingRead<{ readonly event?: AnyEvent }>;

/** Reads with a bound on time; faults that pass are met by reading again, others are an EngineError. */
export class EventReader {
  readonly #gate = new Gate(MAX_READS_UNDER_WAY);
  #end = NOTHING_SEEN;

  constructor(private readonly link: Link) {}

  /** Events of a stream from a revision on. EngineError where some are gone that were there: the ledger never forgets. */
  async stream(stream: string, fromRevision: number, limit: number): Promise<readonly LedgerEvent[]> {
    const from = Math.max(0, fromRevision);
    if (limit <= 0) return [];
    const events = await this.#read((client) => {
      return client.readStream(stream, {
        fromRevision: BigInt(from),
        maxCount: limit,
        direction: FORWARDS,
        requiresLeader: true,
      });
    });
    const found = events.filter(isLedgerEvent).map(fromEvent);
    if (found.some(({ record }, i) => record.rev !== from + i)) {
      throw new EngineError('EventStoreDB: events of a stream of the ledger are hidden or gone');
    }
    return found;
  }

  async at(stream: string, revision: number): Promise<LedgerEvent | undefined> {
    const [event] = await this.stream(stream, revision, 1);
    return event;
  }

  async head(stream: string): Promise<LedgerEvent | undefined> {
    const [last] = await this.#read((client) =>
      client.readStream(stream, {
        fromRevision: END,
        maxCount: 1,
        direction: BACKWARDS,
        requiresLeader: true,
      }),
    );
    return last === undefined || !isLedgerEvent(last) ? undefined : fromEvent(last);
  }

  /** Events of the ledger after a position that the server gave, or 0. */
  async all(afterPosition: number, limit: number): Promise<readonly LedgerEvent[]> {
    const found: LedgerEvent[] = [];
    let from: ReadPosition = afterPosition > 0 ? samePosition(afterPosition) : START;
    let seen = afterPosition > 0 ? afterPosition : -1;
    while (found.length < limit) {
      // One more than is wanted: the event at `from` comes again.
      const maxCount = Math.min(PAGE.most, Math.max(PAGE.least, limit - found.length + 1));
      const page = await this.#readAll(from, maxCount, FORWARDS);
      const fresh = page.filter((event) => positionOf(event) > seen);
      for (const event of fresh) {
        if (found.length < limit && isLedgerEvent(event)) found.push(fromEvent(event));
      }
      const last = page[page.length - 1];
      if (last?.position === undefined || page.length < maxCount) break;
      if (fresh.length === 0) throw new EngineError('EventStoreDB: a read of $all does not move on');
      from = last.position;
      seen = positionOf(last);
    }
    return found;
  }

  /** Position of the ledger's last event, 0 where there is none: the end of `$all` is often the server's. */
  async lastPosition(): Promise<number> {
    let known = this.#end;
    let newest: number | undefined;
    let from: ReadPosition = END;
    for (let maxCount = PAGE.least; ; maxCount = Math.min(PAGE.most, 2 * maxCount)) {
      const page = await this.#readAll(from, maxCount, BACKWARDS);
      for (const event of page) {
        const position = positionOf(event);
        newest ??= position;
        // The end came back: it is another log, of which nothing is known.
        if (newest < known.seen) this.#end = known = NOTHING_SEEN;
        if (position <= known.seen) return this.#ends(newest, known.last);
        if (isLedgerEvent(event)) return this.#ends(newest, position);
      }
      const oldest = page[page.length - 1]?.position;
      if (oldest === undefined || page.length < maxCount) return this.#ends(newest ?? -1, 0);
      from = oldest;
    }
  }

  #ends(seen: number, last: number): number {
    if (seen > this.#end.seen) this.#end = { seen, last };
    return last;
  }

  #readAll(
    fromPosition: ReadPosition,
    maxCount: number,
    direction: typeof FORWARDS | typeof BACKWARDS,
  ): Promise<readonly AnyEvent[]> {
    return this.#read((client) =>
      client.readAll({ fromPosition, maxCount, direction, requiresLeader: true }),
    );
  }

  async #read(open: OpenRead): Promise<readonly AnyEvent[]> {
    const untilMs = performance.now() + REPEAT_WITHIN_MS;
    for (let attempt = 1; ; attempt++) {
      let { client } = this.link;
      try {
        return await this.#gate.run(() => {
          ({ client } = this.link);
          return collect(open(client));
        });
      } catch (error) {
        const failure = failureOf(error);
        if (failure === 'no-stream') return [];
        this.link.failed(client, error);
        const waitMs = backoffMs(attempt, REPEAT_BACKOFF.firstMs, REPEAT_BACKOFF.mostMs);
        if (failure !== 'repeat' || performance.now() + waitMs > untilMs) throw engineError('read', error);
        await pause(waitMs);
      }
    }
  }
}

/** Events of the ledger have one number for both: each is its own commit. */
export function samePosition(position: number): Position {
  return { commit: BigInt(position), prepare: BigInt(position) };
}

function collect(read: StreamingRead<{ readonly event?: AnyEvent }>): Promise<readonly AnyEvent[]> {
  return new Promise((resolve, reject) => {
    const events: AnyEvent[] = [];
    const stalled = setTimeout(() => {
      reject(new NoAnswer('a read got nothing'));
      // Nobody else ends the call.
      read.cancel().catch(() => undefined);
    }, READ_STALLED_MS);
    // Listens for good: an error that nobody listens for ends the process.
    read.on('error', (error) => {
      clearTimeout(stalled);
      reject(error);
    });
    read.on('data', ({ event }) => {
      stalled.refresh();
      if (event !== undefined) events.push(event);
    });
    read.on('end', () => {
      clearTimeout(stalled);
      resolve(events);
    });
  });
}
