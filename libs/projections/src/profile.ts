import { isJsonObject } from '#libs/core';
import type { Document, Json, Projection, Recorded } from '#libs/core';
import type { Identifier, Money, SeenEvent, TouchpointFacts } from '#libs/events';
import { addDecimals } from './decimal';
import { documentOf, listOf, numberOf } from './fields';

/** Attributes of a customer together, as JSON: four times those of one command. Beyond it those go that were set longest ago. */
export const MAX_ATTRIBUTES_CHARACTERS = 64 * 1024;

/** Customer → who they are, and counts of what was said and bought. One document a customer, key = customerId. */
export const profile: Projection<SeenEvent> = {
  name: 'profile',
  version: 2,
  indexes: [],
  // Streams that are about no customer have none.
  keysOf: ({ customerId }) => (customerId === '' ? [] : [customerId]),
  fold(document, recorded) {
    const before: Document = document ?? {
      customerId: recorded.customerId,
      registeredAt: recorded.recordedAt,
    };
    const { event } = recorded;
    switch (event.type) {
      case 'customer-registered.v1':
      case 'customer-profile-changed.v1':
        return describe(before, recorded);
      case 'identifier-linked.v1':
        return {
          ...before,
          identifiers: [...listOf(before['identifiers']), ...(event.data.identifiers ?? [])],
        };
      case 'identifier-unlinked.v1':
        return {
          ...before,
          identifiers: removeAll(listOf(before['identifiers']), event.data.identifiers ?? []),
        };
      case 'touchpoint-recorded.v1':
        return count(before, event.data, 1);
      case 'touchpoint-corrected.v1':
        return count(count(before, event.data.was, -1), event.data.now, 1);
      case 'touchpoint-redacted.v1':
        return count(before, event.data.was, -1);
      case 'purchase-recorded.v1':
        return addMoney(
          { ...before, purchaseCount: numberOf(before['purchaseCount']) + 1 },
          'bought',
          event.data.total,
        );
      case 'purchase-refunded.v1':
        return addMoney(before, 'refunded', event.data.amount);
      case 'touchpoint-status-reported.v1':
      case 'touchpoint-annotated.v1':
      case 'survey-answered.v1':
      case 'feedback-received.v1':
        return before;
      case 'segment-model-fitted.v1':
      case 'segment-activated.v1':
        return document;
    }
  },
};

function describe(before: Document, { event }: Recorded<SeenEvent>): Document {
  if (event.type !== 'customer-registered.v1' && event.type !== 'customer-profile-changed.v1') return before;
  const { name, attributes } = event.data;
  const identifiers =
    event.type === 'customer-registered.v1'
      ? [...(event.data.identifiers ?? []), ...listOf(before['identifiers'])]
      : before['identifiers'];
  return documentOf({
    ...before,
    name: name ?? before['name'],
    identifiers,
    attributes: attributes === undefined ? before['attributes'] : merged(before['attributes'], attributes),
  });
}

/** Attributes are merged member by member; a member that is null is removed. */
function merged(before: Json | undefined, changes: Readonly<Record<string, Json | undefined>>): Json {
  // By entries, because a member may be called __proto__.
  const members = new Map(isJsonObject(before) ? Object.entries(before) : []);
  for (const [name, value] of Object.entries(changes)) {
    members.delete(name);
    if (value !== undefined && value !== null) members.set(name, value);
  }
  let characters = 0;
  const sizes = [...members].map(([name, value]) => JSON.stringify([name, value]).length);
  for (const size of sizes) characters += size;
  for (const [i, name] of [...members.keys()].entries()) {
    if (characters <= MAX_ATTRIBUTES_CHARACTERS) break;
    members.delete(name);
    characters -= sizes[i] ?? 0;
  }
  return Object.fromEntries(members);
}

/** Contacts by channel and direction. What is not there counts 0, and 0 is left out. */
function count(
  document: Document,
  facts: Pick<TouchpointFacts, 'channel' | 'direction'>,
  by: 1 | -1,
): Document {
  return {
    ...document,
    byChannel: counted(document['byChannel'], facts.channel, by),
    byDirection: counted(document['byDirection'], facts.direction, by),
  };
}

function counted(counts: Json | undefined, name: string, by: number): Json {
  const before = isJsonObject(counts) ? counts : {};
  const value = numberOf(before[name]) + by;
  if (value !== 0) return { ...before, [name]: value };
  const { [name]: _zero, ...rest } = before;
  return rest;
}

/** Sums by currency. */
function addMoney(document: Document, field: 'bought' | 'refunded', money: Money | undefined): Document {
  if (money === undefined) return document;
  const sums = isJsonObject(document[field]) ? document[field] : {};
  const before = sums[money.currency];
  const sum = addDecimals(typeof before === 'string' ? before : '0', money.amount);
  return { ...document, [field]: { ...sums, [money.currency]: sum } };
}

function removeAll(from: readonly Json[], gone: readonly Identifier[]): Json[] {
  return from.filter((entry) => {
    return !gone.some(
      ({ type, value }) => isJsonObject(entry) && entry['type'] === type && entry['value'] === value,
    );
  });
}
