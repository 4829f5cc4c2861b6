import { Lru } from '#libs/core';
import type { Clock } from '#libs/core';

/** Requests a second that one key may make from elsewhere than this machine … */
const REQUESTS_PER_SECOND = 2_000;
/** … and how many of them at once. */
const BURST_REQUESTS = 2_000;
const MAX_BUCKETS = 20_000;

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** A token bucket a key. Buckets are full after a second of rest, so forgetting the oldest costs nothing. */
export class RateLimit {
  readonly #buckets = new Lru<Bucket>(MAX_BUCKETS);

  constructor(private readonly clock: Clock) {}

  /** False: too many; one more is allowed within a second. */
  admits(keyId: string): boolean {
    const nowMs = this.clock.nowMs();
    let bucket = this.#buckets.get(keyId);
    if (bucket === undefined) {
      bucket = { tokens: BURST_REQUESTS, filledMs: nowMs };
      this.#buckets.set(keyId, bucket);
    }
    const passedMs = Math.max(0, nowMs - bucket.filledMs);
    bucket.tokens = Math.min(BURST_REQUESTS, bucket.tokens + (passedMs * REQUESTS_PER_SECOND) / 1_000);
    bucket.filledMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

/** The peer of the TCP connection; headers that say otherwise are not believed. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}
