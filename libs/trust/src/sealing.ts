import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { RecordFormatError } from './envelope';
import type { ClassPath } from './envelope';
import { jcs } from './jcs';

/** A data key: one customer, one class, one calendar quarter of `at`. */
export interface DataKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** Where a blob belongs. It is authenticated with the blob, so a blob can't be moved to another event, class or customer. */
export interface SealContext {
  readonly eventId: string;
  readonly stream: string;
  readonly path: ClassPath;
}

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MIN_BLOB_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

function additionalData({ eventId, stream, path }: SealContext, kid: string): Buffer {
  return Buffer.from(
    `{"alg":"A256GCM","eventId":"${eventId}","field":"${path}","kid":"${kid}","stream":"${stream}","v":1}`,
  );
}

/** `01 ‖ nonce ‖ ciphertext ‖ tag`, AES-256-GCM over the fields' canonical JSON. `nonce`: 12 random bytes, never a counter. */
export function seal(fields: JsonObject, key: DataKey, context: SealContext, nonce: Uint8Array): Buffer {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`nonce must have ${NONCE_BYTES} bytes`);
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(context, key.kid));
  const body = cipher.update(jcs(fields), 'utf8');
  cipher.final();
  const blob = Buffer.allocUnsafe(MIN_BLOB_BYTES + body.length);
  blob[0] = FORMAT;
  blob.set(nonce, 1);
  blob.set(body, 1 + NONCE_BYTES);
  blob.set(cipher.getAuthTag(), 1 + NONCE_BYTES + body.length);
  return blob;
}

/** Throws `RecordFormatError` where the blob was changed, moved, or sealed with another key. */
export function unseal(blob: Uint8Array, key: DataKey, context: SealContext): JsonObject {
  if (blob.length < MIN_BLOB_BYTES || blob[0] !== FORMAT)
    throw new RecordFormatError(`${context.path}: not a blob`);
  const nonce = blob.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(context, key.kid));
  decipher.setAuthTag(blob.subarray(blob.length - TAG_BYTES));
  let text: string;
  try {
    const body = decipher.update(blob.subarray(1 + NONCE_BYTES, blob.length - TAG_BYTES));
    decipher.final();
    text = body.toString('utf8');
  } catch {
    throw new RecordFormatError(`${context.path}: does not open with its key`);
  }
  const fields: unknown = JSON.parse(text);
  if (!isJsonObject(fields)) throw new RecordFormatError(`${context.path}: not an object`);
  return fields;
}
