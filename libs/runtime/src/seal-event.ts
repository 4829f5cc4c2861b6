import type { AppendRecord, Instant, Json, LedgerRecord, Random } from '#libs/core';
import { CLASS_OF_PURPOSE, definitionOf } from '#libs/events';
import type { AboutDefinition, Fields, LedgerEvent, PrivacyClass, Purpose } from '#libs/events';
import { makeRecord, parseEnvelope } from '#libs/trust';
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
  readonly idem: { readonly k: string; readonly f: string } | undefined;
  readonly cause: string | undefined;
  /** Leaf hash of the stream's last event. */
  readonly previous: string;
}

/** Splits an event into its clear and sealed fields, seals each class with the customer's key, and chains it. */
export function sealEvent(
  event: LedgerEvent,
  frame: EventFrame,
  keys: CustomerKeys,
  random: Random,
): AppendRecord {
  const definition = definitionOf(event.type);
  definition.parse(event.data);
  const fields: Fields = definition.fields;
  const byPurpose = CLASS_OF_PURPOSE[frame.purpose];
  const data: Record<string, Json> = {};
  const groups = new Map<PrivacyClass, Record<string, Json>>();
  const values: Readonly<Record<string, Json | undefined>> = event.data;
  for (const name in values) {
    const value = values[name];
    const privacy = fields[name]?.privacy;
    if (value === undefined || privacy === undefined) continue;
    if (privacy === 'clear') {
      data[name] = value;
      continue;
    }
    const privacyClass = privacy === 'by-purpose' ? byPurpose : privacy;
    let group = groups.get(privacyClass);
    if (group === undefined) groups.set(privacyClass, (group = {}));
    group[name] = value;
  }
  const toSeal: ToSeal[] = [];
  for (const [privacyClass, group] of groups) {
    const key = keys.keyFor(privacyClass, frame.at);
    toSeal.push({ path: `/${privacyClass}`, fields: group, key, nonce: random.bytes(NONCE_BYTES) });
  }
  const salt = Buffer.from(random.bytes(SALT_BYTES)).toString('base64url');
  const { id, stream, rev, at, actor, purpose, idem, cause, previous } = frame;
  // One shape for all events, here and in the record: a spread would cost more than the hashing.
  const unsealed = { id, type: event.type, stream, rev, at, actor, purpose, salt, idem, cause, data };
  const { env, sealed, leafHash, tag } = makeRecord(unsealed, toSeal, previous, keys.tag);
  const about = aboutOf(definition, values);
  return { id, stream, rev, env, sealed, leafHash, tag, key: idem?.k, about };
}

/** A record that was read from one log, as another one takes it: key and target stand in its envelope. */
export function appendable(record: LedgerRecord): AppendRecord {
  const { id, stream, rev, env, sealed, leafHash, tag } = record;
  const { type, idem, data } = parseEnvelope(env);
  const about = aboutOf(definitionOf(type), data);
  return { id, stream, rev, env, sealed, leafHash, tag, key: idem?.k, about };
}

function aboutOf(
  { about }: { readonly about?: AboutDefinition },
  values: Readonly<Record<string, Json | undefined>>,
): AppendRecord['about'] {
  const target = about === undefined ? undefined : values[about.field];
  return about === undefined || typeof target !== 'string' ? undefined : { target, role: about.role };
}
