import { customerOf, ownerOf } from '#libs/core';
import type { Json, JsonObject, Recorded, StoredRecord } from '#libs/core';
import { parseEvent } from '#libs/events';
import type { SeenEvent } from '#libs/events';
import { parseEnvelope, unseal } from '#libs/trust';
import type { ClassPath, Envelope } from '#libs/trust';
import type { CustomerKeys, Keyring } from './keyring';

/** A record with its sealed fields merged back, as far as their blobs and keys are still there. */
export interface OpenedRecord {
  readonly env: Envelope;
  readonly recorded: Recorded<SeenEvent>;
  /** Blobs that are there, whose key these keys lack: destroyed, or made after the keys were read. */
  readonly unopened: number;
}

const NONE: readonly string[] = [];

/**
 * Parses and unseals one record. `redacted`: ids of the stream's redacted touchpoints; their text, and what was said
 * about them, is not even unsealed. Throws `RecordFormatError` or `EventFormatError`.
 */
export function openRecord(
  record: StoredRecord,
  keys: CustomerKeys | undefined,
  redacted: readonly string[] = NONE,
): OpenedRecord {
  const env = parseEnvelope(record.env);
  const data: Record<string, Json | undefined> = {};
  addAll(data, env.data);
  let unopened = 0;
  if (keys !== undefined && !isHidden(env, redacted)) {
    for (const path of PATHS) {
      const entry = env.sealed[path];
      const blob = record.sealed[path];
      if (entry === undefined || blob === undefined) continue;
      const key = keys.keyById(entry.kid);
      if (key === undefined) unopened++;
      else addAll(data, unseal(blob, key, { eventId: env.id, stream: env.stream, path }));
    }
  }
  const event = parseEvent(env.type, data);
  const { stream, rev: revision, position } = record;
  const given = 'occurredAt' in event.data ? event.data.occurredAt : undefined;
  const recorded: Recorded<SeenEvent> = {
    event,
    id: env.id,
    stream,
    customerId: customerOf(stream) ?? '',
    revision,
    position,
    recordedAt: env.at,
    occurredAt: given ?? env.at,
    bucket: 0,
  };
  return { env, recorded, unopened };
}

/** The same with the customer's keys as they are now, read again where the record names one that is not known. */
export async function openWithKeyring(
  record: StoredRecord,
  keyring: Keyring,
  redacted: readonly string[] = NONE,
): Promise<OpenedRecord> {
  const customerId = ownerOf(record.stream);
  const opened = openRecord(record, await keyring.get(customerId), redacted);
  return opened.unopened === 0 ? opened : openRecord(record, await keyring.reload(customerId), redacted);
}

/** A redaction itself is not hidden: that, when and why it was done stays. */
export function isHidden({ id, type, data }: Envelope, redacted: readonly string[]): boolean {
  if (redacted.length === 0 || type.startsWith('touchpoint-redacted.')) return false;
  const { touchpointId } = data;
  return redacted.includes(id) || (typeof touchpointId === 'string' && redacted.includes(touchpointId));
}

const PATHS: readonly ClassPath[] = ['/identity', '/service', '/marketing', '/regulated'];

/** One by one: on objects of so many shapes, a spread or `Object.assign` takes several times as long. */
function addAll(data: Record<string, Json | undefined>, fields: JsonObject): void {
  for (const name in fields) data[name] = fields[name];
}
