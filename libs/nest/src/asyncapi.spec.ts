import { createSecretKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { customerStream, isInstant, isJsonObject, isUuid } from '#libs/core';
import type { Json, JsonObject, StoredRecord } from '#libs/core';
import { DEFAULT_TOPIC, toMessage } from '#libs/engines/kafka';
import { CLASS_OF_PURPOSE, CLASSES, definitionOf, EVENT_TYPES, PURPOSES } from '#libs/events';
import type { Fields, Purpose } from '#libs/events';
import { makeRecord, NO_PREDECESSOR } from '#libs/trust';
import { createAsyncApi, TOPIC, TOPIC_PARTITIONS } from './asyncapi';

const document = createAsyncApi();
const customerId = '01890a5d-ac96-774b-bcce-b302099a8057';
const sixteen = Buffer.alloc(16, 7).toString('base64url');

function at(pointer: string): JsonObject {
  let value: unknown = document;
  for (const name of pointer.replace(/^#\//, '').split('/')) value = isJsonObject(value) ? value[name] : {};
  if (isJsonObject(value)) return value;
  throw new Error(`${pointer} leads nowhere`);
}

type Check = (value: unknown, operand: Json | undefined, schema: JsonObject) => boolean;

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isJsonObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isSafeInteger,
};
const FORMATS: Readonly<Record<string, (value: unknown) => boolean>> = {
  uuid: isUuid,
  'date-time': isInstant,
};
const isTrue = (): boolean => true;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The part of JSON Schema that the document uses; a word of it that is not here fails the test. */
const CHECKS: Readonly<Record<string, Check>> = {
  description: isTrue,
  contentEncoding: (value) => Buffer.from(textOf(value), 'base64').toString('base64') === value,
  type: (value, kind) => KINDS[textOf(kind)]?.(value) === true,
  const: (value, one) => value === one,
  enum: (value, all) => Array.isArray(all) && all.includes(value),
  format: (value, name) => FORMATS[textOf(name)]?.(value) === true,
  pattern: (value, source) => new RegExp(textOf(source)).test(textOf(value)),
  minLength: (value, least) => textOf(value).length >= Number(least),
  maxLength: (value, most) => textOf(value).length <= Number(most),
  minimum: (value, least) => Number(value) >= Number(least),
  maximum: (value, most) => Number(value) <= Number(most),
  required: (value, names) =>
    Array.isArray(names) && names.every((name) => Object.hasOwn(Object(value), name)),
  additionalProperties: (value, allowed, { properties }) =>
    Object.entries(Object(value)).every(
      ([name, member]) =>
        Object.hasOwn(Object(properties ?? {}), name) || (isJsonObject(allowed) && fits(member, allowed)),
    ),
  propertyNames: (value, schema) =>
    Object.keys(Object(value)).every((name) => isJsonObject(schema) && fits(name, schema)),
  minProperties: (value, least) => Object.keys(Object(value)).length >= Number(least),
  items: (value, schema) =>
    Array.isArray(value) && value.every((item) => isJsonObject(schema) && fits(item, schema)),
  minItems: (value, least) => Array.isArray(value) && value.length >= Number(least),
  maxItems: (value, most) => Array.isArray(value) && value.length <= Number(most),
  properties: (value, properties) =>
    Object.entries(Object(value)).every(([name, member]) => fits(member, Object(properties)[name] ?? {})),
  allOf: (value, all) => Array.isArray(all) && all.every((one) => fits(value, one)),
  $ref: (value, pointer) => fits(value, at(textOf(pointer))),
};

function fits(value: unknown, schema: JsonObject): boolean {
  return Object.entries(schema).every(([word, operand]) => {
    const check = CHECKS[word];
    if (check === undefined) throw new Error(`no check of ${word}`);
    return check(value, operand, schema);
  });
}

interface Sent {
  readonly type: string;
  readonly purpose: Purpose;
  readonly key: string;
  readonly headers: JsonObject;
  readonly payload: JsonObject;
}

/** A golden payload as the relay would send it, all of its sealed classes there. */
function send(type: string, golden: JsonObject, purpose: Purpose): Sent {
  const fields: Fields = definitionOf(type).fields;
  const data: Record<string, Json> = {};
  const classes = new Map<string, Record<string, Json>>();
  for (const [name, value] of Object.entries(golden)) {
    const privacy = fields[name]?.privacy;
    if (value === undefined || privacy === undefined) continue;
    const group = privacy === 'by-purpose' ? CLASS_OF_PURPOSE[purpose] : privacy;
    if (group === 'clear') data[name] = value;
    else classes.set(group, { ...classes.get(group), [name]: value });
  }
  const key = { kid: 'k_1', key: createSecretKey(Buffer.alloc(32, 1)) };
  const toSeal = CLASSES.filter((name) => classes.has(name)).map((name) => ({
    path: `/${name}` as const,
    fields: classes.get(name) ?? {},
    key,
    nonce: Buffer.alloc(12, 2),
  }));
  const unsealed = {
    id: '01890a5d-ac96-774b-bcce-b302099a8058',
    type,
    stream: customerStream(customerId),
    rev: 3,
    at: '2026-01-06T00:00:00.000Z',
    actor: { kind: 'service', id: 'key_0123' },
    purpose,
    salt: sixteen,
    idem: { k: sixteen, f: sixteen },
    cause: '01890a5d-ac96-774b-bcce-b302099a8056',
    via: '01890a5d-ac96-774b-bcce-b302099a8055',
    data,
  } as const;
  const record: StoredRecord = {
    ...makeRecord(unsealed, toSeal, NO_PREDECESSOR, '0f'.repeat(16)),
    position: 4_711,
  };
  const message = toMessage(record, { ledgerId: 'ledger-1', topicId: 'topic-1', sequence: 12 });
  const payload: JsonObject = JSON.parse(message.value.toString());
  return { type, purpose, key: message.key, headers: { ...message.headers } as JsonObject, payload };
}

const folder = join(__dirname, '../../events/golden');
const golden = readdirSync(folder).map((file): { type: string; data: JsonObject } =>
  JSON.parse(readFileSync(join(folder, file), 'utf8')),
);
const sent = golden.flatMap(({ type, data }) => PURPOSES.map((purpose) => send(type, data, purpose)));

const messageOf = (type: string): JsonObject => at(`channels/events/messages/${type}`);
const resolved = (schema: JsonObject): JsonObject =>
  typeof schema['$ref'] === 'string' ? at(schema['$ref']) : schema;

it('has one channel, the topic that the engine makes', () => {
  expect(document['asyncapi']).toBe('3.0.0');
  expect([TOPIC, TOPIC_PARTITIONS]).toEqual([DEFAULT_TOPIC.name, DEFAULT_TOPIC.partitions]);
  expect(Object.keys(at('channels'))).toEqual(['events']);
  expect(at('channels/events/bindings/kafka')).toMatchObject({ topic: TOPIC, partitions: TOPIC_PARTITIONS });
  const other: unknown = createAsyncApi('ledger-2.events')['channels'];
  expect(other).toMatchObject({ events: { address: 'ledger-2.events' } });
  expect(at('operations/publish')).toMatchObject({ action: 'send', channel: { $ref: '#/channels/events' } });
});

it('has one message for each type of the catalogue, and no reference that leads nowhere', () => {
  expect(Object.keys(at('channels/events/messages'))).toEqual(EVENT_TYPES);
  expect(Object.keys(at('components/messages'))).toEqual(EVENT_TYPES);
  for (const type of EVENT_TYPES) expect(resolved(messageOf(type))['name']).toBe(type);
  const pointers = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, pointer = '']) => pointer,
  );
  expect(pointers.length).toBeGreaterThan(EVENT_TYPES.length);
  for (const pointer of pointers) expect(at(pointer)).toBeDefined();
});

describe.each(sent)('$type for $purpose', ({ type, key, headers, payload }) => {
  const message = resolved(messageOf(type));
  const part = (name: string): JsonObject => {
    const schema = message[name];
    return isJsonObject(schema) ? schema : {};
  };

  it('is sent as it is described, key, headers and payload', () => {
    expect(fits(key, at(`components/messages/${type}/bindings/kafka/key`))).toBe(true);
    expect(fits(headers, part('headers'))).toBe(true);
    expect(fits(payload, part('payload'))).toBe(true);
  });

  it('is sent with what is described and nothing else', () => {
    expect(Object.keys(headers).toSorted()).toEqual(
      Object.keys(at('components/schemas/Headers/properties')).toSorted(),
    );
    expect(Object.keys(payload).toSorted()).toEqual(
      Object.keys(at(`components/schemas/${type}/properties`)).toSorted(),
    );
    expect(Object.keys(Object(payload['env'])).toSorted()).toEqual(
      Object.keys(at(`components/schemas/${type}/properties/env/properties`)).toSorted(),
    );
  });

  it('would not be taken with a header, a hash or a clear field that is wrong', () => {
    const env = Object(payload['env']);
    expect(fits({ ...headers, ce_type: 'other.v1' }, part('headers'))).toBe(false);
    expect(fits({ ...headers, ce_sequence: '12' }, part('headers'))).toBe(false);
    expect(fits({ ...payload, leafHash: 'x' }, part('payload'))).toBe(false);
    expect(fits({ ...payload, sealed: { '/other': 'AA==' } }, part('payload'))).toBe(false);
    for (const data of [
      { ...env.data, content: 'text' },
      { ...env.data, occurredAt: 'yesterday' },
    ]) {
      expect(fits({ ...payload, env: { ...env, data } }, part('payload'))).toBe(false);
    }
  });
});

it('takes a redacted event, and names the fields of each sealed class', () => {
  const [first] = sent.filter(({ type }) => type === 'touchpoint-recorded.v1');
  expect(fits({ ...first?.payload, sealed: {} }, at('components/schemas/touchpoint-recorded.v1'))).toBe(true);
  expect(at('components/messages/customer-registered.v1/x-sealed')).toEqual({
    identity: ['name', 'identifiers'],
    'by-purpose': ['attributes', 'sourceId', 'sourcePart'],
  });
});

it('describes a correction down to the fields of both states', () => {
  const [first] = sent.filter(({ type }) => type === 'touchpoint-corrected.v1');
  const env = Object(first?.payload['env']);
  const wrong = { ...env, data: { ...env.data, was: { ...env.data.was, channel: 'pigeon' } } };
  const schema = at('components/schemas/touchpoint-corrected.v1');
  expect(fits({ ...first?.payload, env: wrong }, schema)).toBe(false);
});
