import type { JsonObject } from '#libs/core';
import { CLASS_OF_PURPOSE, CLASSES, clearSchemaOf, definitionOf, EVENT_TYPES, PURPOSES } from '#libs/events';
import type { Fields, PrivacyClass } from '#libs/events';

/** Where the relay publishes if nothing else is configured. A reader that must read otherwise gets a new topic, never another content of this one. */
export const TOPIC = 'touchstone.events.v1';
export const TOPIC_PARTITIONS = 12;

/** Of the contract, not of the product: new event types and new members raise the second number. */
const CONTRACT_VERSION = '1.1.0';
const BINDING_VERSION = '0.5.0';
const FOR_EVER = -1;

const text = (description: string, more: JsonObject = {}): JsonObject => ({
  type: 'string',
  description,
  ...more,
});
const hex = (digits: number, description: string): JsonObject =>
  text(description, { pattern: `^[0-9a-f]{${digits}}$` });
const sixteenBytes = (description: string): JsonObject =>
  text(description, { pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' });
const uuid = (description: string): JsonObject => text(description, { format: 'uuid' });
const instant = (description: string): JsonObject => text(description, { format: 'date-time' });
const natural = (description: string): JsonObject => ({ type: 'integer', minimum: 0, description });
const digits = (description: string): JsonObject => text(description, { pattern: '^\\d{1,16}$' });

function object(properties: JsonObject, required: readonly string[], more: JsonObject = {}): JsonObject {
  return { type: 'object', required, properties, ...more };
}

const closed = { additionalProperties: false };

const STREAM = text('customer-<customer id>, or the name of a stream that is about no customer', {
  minLength: 1,
});

const KEY = text('The customer’s id; of a stream that is about no customer, its name', { minLength: 1 });

/** CloudEvents 1.0 in binary mode: attributes are headers, every value is text. */
const HEADERS = {
  ce_specversion: text('CloudEvents', { const: '1.0' }),
  ce_id: uuid('The event’s id. The same in every repeat'),
  ce_type: text('The event’s type'),
  ce_source: text('touchstone:<id of the ledger>', { pattern: '^touchstone:.+$' }),
  ce_subject: STREAM,
  ce_time: instant('When the ledger accepted it'),
  ce_revision: digits('Place in its stream, from 0, without gaps'),
  ce_position: digits('Place in the ledger: ordered, with gaps'),
  ce_sequence: text('Place among what this topic got, repeats not counted, from 1', { pattern: '^\\d{16}$' }),
  ce_partitionkey: KEY,
  'content-type': text('Of the value', { const: 'application/json' }),
  'touchstone-topic': text('Id of this making of the topic: offsets of another id mean nothing'),
};

const ACTOR = object(
  {
    kind: text('Who acted', { enum: ['service', 'user', 'system'] }),
    id: text('A pseudonym, such as the id of an API key', { pattern: '^[a-z0-9._-]{1,64}$' }),
  },
  ['kind', 'id'],
  closed,
);

const SEALED_ENTRY = object(
  {
    alg: text('AES-256-GCM', { const: 'A256GCM' }),
    h: hex(64, 'SHA-256 of the sealed bytes'),
    kid: text('Which key sealed them', { pattern: '^[a-z0-9_.]{1,64}$' }),
  },
  ['alg', 'h', 'kid'],
  closed,
);

const IDEMPOTENCY = object(
  { k: sixteenBytes('Keyed hash of the idempotency key'), f: sixteenBytes('Keyed hash of the request') },
  ['k', 'f'],
  closed,
);

const ref = (kind: string, name: string): JsonObject => ({ $ref: `#/components/${kind}/${name}` });

/** The classes that an event's sealed fields may be in, whatever the purpose of its command. */
function classesOf(fields: Fields): readonly PrivacyClass[] {
  const found = new Set<PrivacyClass>();
  for (const { privacy } of Object.values(fields)) {
    if (privacy === 'by-purpose') for (const purpose of PURPOSES) found.add(CLASS_OF_PURPOSE[purpose]);
    else if (privacy !== 'clear') found.add(privacy);
  }
  return CLASSES.filter((name) => found.has(name));
}

function sealedNames(fields: Fields): JsonObject {
  const names: Record<string, string[]> = {};
  for (const [name, { privacy }] of Object.entries(fields)) {
    if (privacy !== 'clear') (names[privacy] ??= []).push(name);
  }
  return names;
}

function envelopeOf(type: string, fields: Fields): JsonObject {
  const paths = classesOf(fields).map((name) => [`/${name}`, ref('schemas', 'SealedEntry')] as const);
  const optional = ['idem', 'via', 'cause'];
  const properties = {
    v: { type: 'integer', const: 1, description: 'Version of the envelope' },
    id: uuid('The event’s id'),
    type: { type: 'string', const: type },
    stream: STREAM,
    rev: natural('Place in its stream, from 0, without gaps'),
    at: instant('When the ledger accepted it. Where data has no occurredAt, it also happened then'),
    actor: ref('schemas', 'Actor'),
    purpose: text('What the command was for', { enum: PURPOSES }),
    salt: sixteenBytes('Random'),
    idem: ref('schemas', 'Idempotency'),
    via: uuid('The merged customer that the command named'),
    cause: uuid('The event on whose behalf this one was appended'),
    data: clearSchemaOf(fields),
    sealed: object(Object.fromEntries(paths), [], {
      ...closed,
      description: 'What the record commits to of each sealed class, also where its bytes are gone',
    }),
  };
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return object(properties, required, closed);
}

function payloadOf(type: string): JsonObject {
  const fields: Fields = definitionOf(type).fields;
  const blob = text('Base64 of the sealed bytes', { contentEncoding: 'base64' });
  const properties = {
    leafHash: hex(64, 'Hash that the next event of the stream is chained to'),
    position: natural('Place in the ledger: ordered, with gaps'),
    s: hex(32, 'Salted tag of the stream'),
    sealed: object(Object.fromEntries(classesOf(fields).map((name) => [`/${name}`, blob])), [], {
      ...closed,
      description: 'Sealed classes. One that the envelope names and that is missing here was redacted',
    }),
    env: envelopeOf(type, fields),
  };
  return object(properties, Object.keys(properties));
}

function messageOf(type: string): JsonObject {
  return {
    name: type,
    title: type,
    contentType: 'application/json',
    headers: {
      type: 'object',
      allOf: [ref('schemas', 'Headers'), { properties: { ce_type: { const: type } } }],
    },
    payload: ref('schemas', type),
    bindings: { kafka: { key: KEY, bindingVersion: BINDING_VERSION } },
    'x-sealed': sealedNames(definitionOf(type).fields),
  };
}

const perType = (make: (type: string) => JsonObject): JsonObject =>
  Object.fromEntries(EVENT_TYPES.map((type) => [type, make(type)]));

const DESCRIPTION = [
  'Every event of the ledger, as it was committed. Personal data is sealed: the key of a customer never leaves the ledger,',
  'so the text is read through the HTTP API by those who may, and x-sealed says which fields are in which class.',
  '"by-purpose" is the class that env.purpose names. Delivery is at least once, in order per key.',
].join(' ');

/** AsyncAPI 3.0 of what the relay publishes to `topic`, made from the event catalogue. */
export function createAsyncApi(topic = TOPIC): JsonObject {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Touchstone events',
      version: CONTRACT_VERSION,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      events: {
        address: topic,
        description: 'All events of one ledger; messages of one key are in one partition, in order',
        messages: perType((type) => ref('messages', type)),
        bindings: {
          kafka: {
            topic,
            partitions: TOPIC_PARTITIONS,
            topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': FOR_EVER },
            bindingVersion: BINDING_VERSION,
          },
        },
      },
    },
    operations: {
      publish: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        summary: 'The relay publishes what was appended',
      },
    },
    components: {
      messages: perType(messageOf),
      schemas: {
        Headers: object(HEADERS, Object.keys(HEADERS)),
        Actor: ACTOR,
        SealedEntry: SEALED_ENTRY,
        Idempotency: IDEMPOTENCY,
        ...perType(payloadOf),
      },
    },
  };
}
