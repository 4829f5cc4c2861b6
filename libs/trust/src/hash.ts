import { hash } from 'node:crypto';

/** SHA-256 as 64 lower-case hex digits; text is hashed as UTF-8. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

const BLOCK_BYTES = 64; // of SHA-256
const DIGEST_BYTES = 32;

/** Scratch of one thread: the inner message (grown as needed) and the outer one. Nothing of it outlives a call. */
let inner = Buffer.alloc(BLOCK_BYTES + 4_096);
const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);

/**
 * HMAC-SHA256 (RFC 2104) by two one-shot hashes: it runs several times a command, and a `Hmac` object costs the
 * garbage collector several times what the hashing costs. A key has at most 64 bytes.
 */
export function hmacSha256(key: Uint8Array, text: string): Buffer {
  padded(key, text);
  return hash('sha256', outer, 'buffer');
}

/** The same as 64 hex digits. */
export function hmacSha256Hex(key: Uint8Array, text: string): string {
  padded(key, text);
  return hash('sha256', outer, 'hex');
}

function padded(key: Uint8Array, text: string): void {
  if (key.length > BLOCK_BYTES) throw new RangeError(`a key has at most ${BLOCK_BYTES} bytes`);
  // A UTF-16 unit has at most three bytes in UTF-8.
  const needed = BLOCK_BYTES + 3 * text.length;
  if (needed > inner.length) inner = Buffer.alloc(needed);
  const { length } = key;
  for (let i = 0; i < BLOCK_BYTES; i++) {
    // Not read past its end, which costs an array more than all the rest of the loop.
    const byte = i < length ? (key[i] ?? 0) : 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  const end = BLOCK_BYTES + inner.write(text, BLOCK_BYTES);
  outer.set(hash('sha256', inner.subarray(0, end), 'buffer'), BLOCK_BYTES);
  // What was hashed may be an API key or a body: it does not stay.
  inner.fill(0, 0, end);
}

/** RFC 6962 leaf hash: SHA-256(0x00 ‖ leaf), 64 hex digits. */
export function leafHashOf(leaf: string): string {
  return hash('sha256', `\0${leaf}`, 'hex');
}

/** What the first event of a stream has for its predecessor's leaf hash. */
export const NO_PREDECESSOR = '0'.repeat(64);
