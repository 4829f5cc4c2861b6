import type { Random } from '#libs/core';

const POOL_BYTES = 8_192;

/** Draws small amounts from one larger draw: a salt and a nonce an event would otherwise cost two system calls. */
export function pooledRandom(random: Random): Random {
  let pool = random.bytes(POOL_BYTES);
  let used = 0;
  return {
    bytes(length) {
      if (length > POOL_BYTES) return random.bytes(length);
      if (used + length > POOL_BYTES) {
        // A new pool, never the old one again: slices of it are in use.
        pool = random.bytes(POOL_BYTES);
        used = 0;
      }
      used += length;
      return pool.subarray(used - length, used);
    },
  };
}
