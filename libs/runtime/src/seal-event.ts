import type { AppendRecord, Instant, Json, Random } from '#libs/core';
import { CLASS_OF_PURPOSE, definitionOf } from '#libs/events';
import type { LedgerEvent, PrivacyClass, Purpose } from '#libs/events';
import { makeRecord } from '#libs/trust';
import type { Actor, ToSeal } from '#libs/trust';
import type { CustomerKeys } from './keyring';

const SALT_BYTES = 16;
const NONCE_BYTES = 12;

/** Everything of an event's envelope that is not the event itself. */
export interface EventFrame {
  readonly id: string;
  readonly stream: string;
  readonly rev: number;
  readonly at: Instant;
  readonly actor: Actor;
  readonly purpose: Purpose;
  readonly idem?: { readonly k: string; readonly f: string };
  readonly cause?: string;
  /** Leaf hash of the stream's last event. */
  readonly previous: string;
}

/** Splits an event into its clear and sealed fields, seals each class with the customer's key, and chains it. */
export function sealEvent(event: LedgerEvent, frame: EventFrame, keys: CustomerKeys, random: Random): AppendRecord {
  const definition = definitionOf(event.type);
  definition.parse(event.data);
  const fields: Readonly<Record<string, { readonly privacy: string }>> = definition.fields;
  const values: Readonly<Record<string, Json | undefined>> = { ...event.data };
  const data: Record<string, Json> = {};
  for (const name of definition.clearNames) {
    const value = values[name];
    if (value !== undefined) data[name] = value;
  }
  const groups = new Map<PrivacyClass, Record<string, Json>>();
  for (const name of definition.sealedNames) {
    const value = values[name];
    if (value === undefined) continue;
    const privacyClass = fields[name]?.privacy === 'identity' ? 'identity' : CLASS_OF_PURPOSE[frame.purpose];
    const group = groups.get(privacyClass);
    if (group === undefined) groups.set(privacyClass, { [name]: value });
    else group[name] = value;
  }
  const toSeal: ToSeal[] = [];
  for (const [privacyClass, group] of groups) {
    const key = keys.keyFor(privacyClass, frame.at);
    toSeal.push({ path: `/${privacyClass}`, fields: group, key, nonce: random.bytes(NONCE_BYTES) });
  }
  const { previous, ...rest } = frame;
  const salt = Buffer.from(random.bytes(SALT_BYTES)).toString('base64url');
  const record = makeRecord({ ...rest, type: event.type, salt, data }, toSeal, previous, keys.tag);
  const target = definition.about === undefined ? undefined : values[definition.about.field];
  return {
    ...record,
    ...(frame.idem === undefined ? {} : { key: frame.idem.k }),
    ...(definition.about === undefined || typeof target !== 'string'
      ? {}
      : { about: { target, role: definition.about.role } }),
  };
}
