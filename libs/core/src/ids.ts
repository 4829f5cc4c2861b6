import type { Clock } from './time';

/** Cryptographically strong bytes. */
export interface Random {
  bytes(length: number): Uint8Array;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CODE = /^[a-z0-9._-]{1,64}$/;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/** A code: what clear strings of the record are made of, so that they cannot carry a name or an address. */
export function isCode(value: unknown): value is string {
  return typeof value === 'string' && CODE.test(value);
}

export const CUSTOMER_STREAM = 'customer-';

export function customerStream(customerId: string): string {
  return CUSTOMER_STREAM + customerId;
}

export function customerOf(stream: string): string | undefined {
  return stream.startsWith(CUSTOMER_STREAM) ? stream.slice(CUSTOMER_STREAM.length) : undefined;
}

/** Whose keys a stream's events are sealed with, and the key of its messages in a feed: its customer, else the stream itself. */
export function ownerOf(stream: string): string {
  return customerOf(stream) ?? stream;
}

/** The stream of which `ownerOf` gives this owner. */
export function streamOf(owner: string): string {
  return isUuid(owner) ? customerStream(owner) : owner;
}

/**
 * Makes UUIDv7 (RFC 9562 §5.7) whose order is the order of making, also within one millisecond: the 12 bits of
 * `rand_a` count, and time never steps back. Ascending ids keep every index on them append-mostly.
 */
export function uuidV7(clock: Clock, random: Random): () => string {
  const POOL_IDS = 256;
  const RANDOM_BYTES = 8;
  const COUNTER_LIMIT = 0x1000;
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;
  let lastMs = 0;
  let counter = 0;
  let prefix = '';
  return () => {
    if (used + RANDOM_BYTES > pool.length) {
      pool = random.bytes(POOL_IDS * RANDOM_BYTES);
      used = 0;
    }
    const nowMs = clock.nowMs();
    if (nowMs > lastMs) {
      lastMs = nowMs;
      prefix = timePrefix(lastMs);
      counter = byteAt(pool, used) & 0x7f; // starts low, so that a busy millisecond has room to count
    } else if (++counter >= COUNTER_LIMIT) {
      lastMs++;
      prefix = timePrefix(lastMs);
      counter = 0;
    }
    let tail = '';
    for (let i = 2; i < RANDOM_BYTES; i++) tail += hex(byteAt(pool, used + i));
    const variant = hex((byteAt(pool, used) & 0x3f) | 0x80) + hex(byteAt(pool, used + 1));
    used += RANDOM_BYTES;
    const count = (counter >> 8).toString(16) + hex(counter & 0xff);
    return `${prefix}-7${count}-${variant}-${tail}`;
  };
}

/** The first 48 bits, which many ids of a millisecond have in common. */
function timePrefix(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}

function hex(byte: number): string {
  return HEX[byte] ?? '';
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
