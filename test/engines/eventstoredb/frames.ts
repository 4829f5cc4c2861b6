import { TOMBSTONE } from './records';
import type { StoredEvent } from './records';

const LENGTH_BYTES = 4;

/** One all-or-nothing write, and where the log stands after it. */
export interface Transaction {
  readonly events: readonly StoredEvent[];
  readonly end: number;
}

interface EventHeader {
  readonly s: string;
  /** null: the tombstone. */
  readonly r: number | null;
  readonly p: number;
  readonly t: string;
  readonly i: string;
  readonly n: string;
  readonly j: boolean;
  /** Bytes of data and of metadata, which follow the header. */
  readonly d: number;
  readonly m: number;
}

export function encodeTransaction({ events, end }: Transaction): Buffer {
  const headers = events.map((event): EventHeader => ({
    s: event.stream,
    r: event.revision === TOMBSTONE ? null : event.revision,
    p: event.position,
    t: String(event.ticks),
    i: event.id,
    n: event.type,
    j: event.json,
    d: event.data.length,
    m: event.metadata.length,
  }));
  const header = Buffer.from(JSON.stringify({ end, events: headers }));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(header.length);
  return Buffer.concat([length, header, ...events.flatMap(({ data, metadata }) => [data, metadata])]);
}

export function decodeTransaction(payload: Buffer): Transaction {
  let at = LENGTH_BYTES + payload.readUInt32LE(0);
  const { end, events }: { end: number; events: readonly EventHeader[] } = JSON.parse(
    payload.toString('utf8', LENGTH_BYTES, at),
  );
  const take = (length: number): Buffer => payload.subarray(at, (at += length));
  return {
    end,
    events: events.map(({ s, r, p, t, i, n, j, d, m }) => ({
      stream: s,
      revision: r ?? TOMBSTONE,
      position: p,
      ticks: BigInt(t),
      id: i,
      type: n,
      json: j,
      data: take(d),
      metadata: take(m),
    })),
  };
}
