import { hmacSha256, sha256Hex } from './hash';
import { jcs } from './jcs';

const HALF_BYTES = 16;

function half(digest: Buffer, encoding: 'hex' | 'base64url'): string {
  return digest.subarray(0, HALF_BYTES).toString(encoding);
}

/** What a command's idempotency key is made of (trust.md §1.2). A purchase with neither takes its order id. */
export type IdempotencyInput =
  | { readonly source: { readonly system: string; readonly id: string; readonly part?: string } }
  | { readonly principal: string; readonly key: string }
  | { readonly orderId: string; readonly customerId: string };

/** `idem.k`: base64url, 22 characters, under the ledger's K_idem. */
export function idempotencyKey(kIdem: Uint8Array, command: string, input: IdempotencyInput): string {
  return half(hmacSha256(kIdem, jcs(keyInput(command, input))), 'base64url');
}

function keyInput(command: string, input: IdempotencyInput): readonly string[] {
  if ('source' in input) {
    const { system, id, part = '' } = input.source;
    return ['source', command, system, id, part];
  }
  if ('principal' in input) return ['key', input.principal, command, input.key];
  return ['source', 'purchase', '', input.orderId, input.customerId];
}

/** `idem.f`: fingerprint of the body as parsed, under the stream's K_f; nobody can confirm it once that is erased. */
export function idempotencyFingerprint(kF: Uint8Array, command: string, k: string, body: unknown): string {
  return half(
    hmacSha256(kF, `["body",${JSON.stringify(command)},${JSON.stringify(k)},${jcs(body)}]`),
    'base64url',
  );
}

/** K_f of a stream. */
export function fingerprintKey(streamSalt: Uint8Array): Buffer {
  return hmacSha256(streamSalt, 'ledger/idem/v1');
}

/** `s`, the salted tag of a stream: 32 hex digits. */
export function streamTag(streamSalt: Uint8Array, stream: string): string {
  const text = Buffer.concat([Buffer.from('ledger/stream/v1\n'), streamSalt, Buffer.from(stream)]);
  return sha256Hex(text).slice(0, HALF_BYTES * 2);
}

/** Blind index of an identifier in its normal form: 32 hex digits. It lives in the vault only (trust.md §2.2). */
export function blindIndex(kBlind: Uint8Array, type: string, normalValue: string): string {
  return half(hmacSha256(kBlind, `ledger/bidx/v1\0${type}\0${normalValue}`), 'hex');
}
