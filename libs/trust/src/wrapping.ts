import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { DataKey } from './sealing';

/** A key that wraps others. */
export interface WrappingKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

export class UnwrapError extends Error {
  override readonly name = 'UnwrapError';
}

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SECRET_BYTES = 32;
const WRAPPED_BYTES = 1 + NONCE_BYTES + SECRET_BYTES + TAG_BYTES;

function additionalData(kek: string, kid: string): Buffer {
  return Buffer.from(`{"kek":"${kek}","kid":"${kid}","v":1}`);
}

/** Wraps 32 bytes: `01 ‖ nonce ‖ ciphertext ‖ tag`, 61 bytes (trust.md §2.1). */
export function wrap(secret: Uint8Array, kid: string, kek: WrappingKey, nonce: Uint8Array): Buffer {
  if (secret.length !== SECRET_BYTES) throw new RangeError(`a secret has ${SECRET_BYTES} bytes`);
  const cipher = createCipheriv('aes-256-gcm', kek.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(kek.id, kid));
  const body = Buffer.concat([cipher.update(secret), cipher.final()]);
  return Buffer.concat([Buffer.from([FORMAT]), nonce, body, cipher.getAuthTag()]);
}

/** Throws `UnwrapError` where the wrapping key, the key id or the bytes are others than at wrapping. */
export function unwrap(wrapped: Uint8Array, kid: string, kek: WrappingKey): Buffer {
  if (wrapped.length !== WRAPPED_BYTES || wrapped[0] !== FORMAT)
    throw new UnwrapError(`${kid}: not a wrapped key`);
  const nonce = wrapped.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', kek.bytes, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(kek.id, kid));
  decipher.setAuthTag(wrapped.subarray(WRAPPED_BYTES - TAG_BYTES));
  try {
    const body = wrapped.subarray(1 + NONCE_BYTES, WRAPPED_BYTES - TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    throw new UnwrapError(`${kid}: does not open with ${kek.id}`);
  }
}

export function dataKey(kid: string, bytes: Uint8Array): DataKey {
  return { kid, key: createSecretKey(bytes) };
}
