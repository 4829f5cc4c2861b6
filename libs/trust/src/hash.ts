import { createHmac, hash } from 'node:crypto';

/** SHA-256 as 64 lower-case hex digits; text is hashed as UTF-8. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

export function hmacSha256(key: Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** RFC 6962 leaf hash: SHA-256(0x00 ‖ leaf), 64 hex digits. */
export function leafHashOf(leaf: string): string {
  return hash('sha256', `\0${leaf}`, 'hex');
}

/** What the first event of a stream has for its predecessor's leaf hash. */
export const NO_PREDECESSOR = '0'.repeat(64);
