import type { Json, JsonObject } from '#libs/core';
import { isJsonObject } from '#libs/core';

const HIDDEN = '***';
const SHOWN_CHARACTERS = 4;

export interface MaskableIdentifier {
  readonly type: string;
  readonly value: string;
}

/** `j***@e***.com` for an e-mail address, else the last four characters; what has no more than four is hidden. */
export function maskIdentifier({ type, value }: MaskableIdentifier): MaskableIdentifier {
  return { type, value: (type === 'email' ? maskEmail(value) : undefined) ?? maskEnd(value) };
}

/** `J*** D***`. */
export function maskName(name: string): string {
  const words = name.split(/\s+/u).filter((word) => word !== '');
  return words.map((word) => firstOf(word) + HIDDEN).join(' ');
}

function maskEmail(value: string): string | undefined {
  const match = /^([^\s@]+)@([^\s@]+)\.([^\s@.]+)$/u.exec(value);
  if (match === null) return undefined;
  const [, local = '', domain = '', top = ''] = match;
  return `${firstOf(local)}${HIDDEN}@${firstOf(domain)}${HIDDEN}.${top}`;
}

function maskEnd(value: string): string {
  const characters = Array.from(value);
  return characters.length <= SHOWN_CHARACTERS
    ? HIDDEN
    : HIDDEN + characters.slice(-SHOWN_CHARACTERS).join('');
}

function firstOf(text: string): string {
  return Array.from(text)[0] ?? '';
}

/** Members that pass as they are. Lists of what may pass, so that a member added later is hidden until it is listed. */
const PROFILE_MEMBERS = [
  'customerId',
  'firstSeenAt',
  'lastContactAt',
  'counts',
  'purchases',
  'loyalty',
  'segments',
  'openCases',
  'openTasks',
];
const TIMELINE_MEMBERS = [
  'eventId',
  'revision',
  'kind',
  'type',
  'channel',
  'direction',
  'occurredAt',
  'recordedAt',
  'agent',
  'department',
  'durationSeconds',
  'outcome',
  'status',
  'statusCode',
  'statusAt',
  'campaignId',
  'interactionId',
  'purpose',
  'instrument',
  'score',
  'feedbackType',
  'rating',
  'redacted',
  'touchpointId',
  'total',
  'amount',
  'refunded',
  'unmatched',
  'earlierCorrections',
  'earlierAnnotations',
];
const ITEM_MEMBERS = ['sku', 'quantity', 'unitPrice'];

/** A profile for those who may see what happened but not to whom. */
export function maskProfile(profile: JsonObject): JsonObject {
  const { name, identifiers, completeness } = profile;
  return {
    ...pick(profile, PROFILE_MEMBERS),
    ...(name === undefined ? {} : { name: typeof name === 'string' ? maskName(name) : null }),
    ...(identifiers === undefined ? {} : { identifiers: objectsOf(identifiers).flatMap(maskedIdentifier) }),
    // The reason of a parking is the text of a fault and may quote the event.
    ...(isJsonObject(completeness) ? { completeness: pick(completeness, ['complete', 'parkedSince']) } : {}),
  };
}

/** A touchpoint, purchase, refund, answer or feedback of a timeline without what was said. */
export function maskTimelineEntry(entry: JsonObject): JsonObject {
  const { corrections } = entry;
  return {
    ...pick(entry, TIMELINE_MEMBERS),
    ...maskedOrder(entry),
    ...(corrections === undefined
      ? {}
      : { corrections: objectsOf(corrections).map((correction) => pick(correction, TIMELINE_MEMBERS)) }),
  };
}

/** A purchase of `/purchases`: items keep what was bought, not how it was called. */
export function maskPurchase(purchase: JsonObject): JsonObject {
  return maskTimelineEntry(purchase);
}

function maskedOrder({ orderId, items }: JsonObject): JsonObject {
  return {
    ...(typeof orderId === 'string' ? { orderId: maskEnd(orderId) } : {}),
    ...(items === undefined ? {} : { items: objectsOf(items).map((item) => pick(item, ITEM_MEMBERS)) }),
  };
}

function maskedIdentifier({ type, value }: JsonObject): readonly JsonObject[] {
  if (typeof type !== 'string' || typeof value !== 'string') return [];
  return [{ ...maskIdentifier({ type, value }) }];
}

function objectsOf(value: Json): readonly JsonObject[] {
  return Array.isArray(value)
    ? value.filter((member: Json): member is JsonObject => isJsonObject(member))
    : [];
}

function pick(object: JsonObject, members: readonly string[]): JsonObject {
  const kept: Record<string, Json> = {};
  for (const name of members) {
    const value = object[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
