import { isJsonObject } from '#libs/core';
import { getMetadataStorage, validateSync } from 'class-validator';
import { CreateApiKey } from './api-key';
import { check } from './check';
import {
  ChangeProfile,
  LinkIdentifier,
  LookupCustomer,
  RegisterCustomer,
  UnlinkIdentifier,
} from './customer';
import { ReceiveFeedback } from './feedback';
import { RecordPurchase, RefundPurchase } from './purchase';
import type { Constructor } from './rule';
import { AnswerSurvey } from './survey';
import * as touchpoint from './touchpoint';

const ID = '0190b5e2-7d00-7000-8000-000000000001';
const customer = {
  identifiers: [
    { type: 'email', value: 'jane@example.com' },
    { type: 'phone', value: '+44 20 7946 0000' },
  ],
};
const source = { system: 'helpdesk', id: 'msg-1', part: 'to-1' };
const attributes = { plan: 'gold', deep: { list: [1, 'two', null, { three: true }] } };
const occurredAt = '2026-03-01T10:00:00+01:00';
const times = { occurredAt, durationSeconds: 60 };
const codes = {
  kind: 'call',
  agent: 'a-1',
  department: 'sales',
  outcome: 'done',
  campaignId: 'c.1',
  interactionId: ID,
};
const texts = { subject: 's', content: 'c', outcomeText: 'o', threadId: 't' };
const said = { ...times, ...codes, ...texts, attributes };
const order = { orderId: 'o-1', total: { amount: '29.33', currency: 'GBP' }, channel: 'web' };

interface Case {
  readonly type: Constructor<object>;
  readonly path?: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const CASES: readonly Case[] = [
  { type: RegisterCustomer, body: { ...customer, name: 'Jane', attributes, source } },
  { type: ChangeProfile, path: { customerId: ID }, body: { name: 'Jane', attributes, reason: 'r' } },
  { type: LinkIdentifier, path: { customerId: ID }, body: { type: 'email', value: 'a@b.c' } },
  { type: UnlinkIdentifier, path: { customerId: ID }, body: { type: 'phone', value: '+1234567' } },
  { type: LookupCustomer, body: { identifier: { type: 'crm', value: '003' } } },
  {
    type: touchpoint.RecordTouchpoint,
    body: { customer, channel: 'voice', direction: 'inbound', purpose: 'service', source, ...said },
  },
  {
    type: touchpoint.RecordTouchpoint,
    body: { customer: { id: ID }, channel: 'sms', direction: 'outbound' },
  },
  {
    type: touchpoint.ReportStatus,
    path: { eventId: ID },
    body: { status: 'delivered', occurredAt, code: '250', detail: 'd' },
  },
  { type: touchpoint.BulkTouchpointStatus, body: { touchpoint: { source }, status: 'bounced' } },
  {
    type: touchpoint.CorrectTouchpoint,
    path: { eventId: ID },
    body: { fields: { channel: 'web', ...said }, reason: 'r' },
  },
  { type: touchpoint.RedactTouchpoint, path: { eventId: ID }, body: { reason: 'r' } },
  { type: touchpoint.AnnotateTouchpoint, path: { eventId: ID }, body: { text: 't' } },
  {
    type: RecordPurchase,
    body: {
      ...order,
      customer,
      occurredAt,
      source,
      items: [
        { sku: 'a', name: 'A', quantity: 2, unitPrice: { amount: '-1.5', currency: 'GBP' } },
        { sku: 'b', quantity: 1 },
      ],
    },
  },
  {
    type: RefundPurchase,
    path: { orderId: 'o-1' },
    body: { customer, amount: { amount: '0', currency: 'EUR' }, occurredAt, reason: 'r', source },
  },
  {
    type: AnswerSurvey,
    body: { customer, instrument: 'csat', score: 5, occurredAt, comment: 'c', touchpointId: ID, source },
  },
  {
    type: ReceiveFeedback,
    body: { customer, type: 'complaint', content: 'c', occurredAt, channel: 'post', rating: 3, source },
  },
  {
    type: CreateApiKey,
    body: { name: 'shop', roles: ['service', 'agent'], expiresAt: '2030-01-01T00:00:00Z' },
  },
];

const CASES_PER_BODY = 400;

it('check and class-validator accept and refuse the same bodies', () => {
  const random = mulberry32(20_261_120);
  const differing: unknown[] = [];
  const outcomes = { accepted: 0, refused: 0 };
  for (const { type, body, path = {} } of CASES) {
    expect(check(type, body, path)).toMatchObject({ ok: true });
    for (let round = 0; round < CASES_PER_BODY; round++) {
      const mutated = frozen(mutate(random, structuredClone(body)));
      const checked = check(type, mutated, path);
      outcomes[checked.ok ? 'accepted' : 'refused']++;
      if (checked.ok !== acceptedByOracle(type, mutated, path)) differing.push([type.name, mutated, checked]);
      if (checked.ok ? !(checked.value instanceof type) : checked.errors.length === 0)
        differing.push(checked);
    }
  }
  expect(differing).toEqual([]);
  expect(outcomes.accepted).toBeGreaterThan(500);
  expect(outcomes.refused).toBeGreaterThan(4000);
});

/**
 * class-validator's own verdict, and the two intended differences from it: a body never names a parameter of the path
 * (class-validator knows no such thing), and a field that is a member of every object, `constructor` say, is unknown
 * like any other (class-validator finds it in its table, or throws).
 */
function acceptedByOracle(
  type: Constructor<object>,
  body: unknown,
  path: Readonly<Record<string, string>>,
): boolean {
  if (!isJsonObject(body) || namesPrototypeMember(body)) return false;
  if (Object.keys(path).some((name) => name in body)) return false;
  const instance = hydrate(type, { ...body, ...path });
  return validateSync(instance, { whitelist: true, forbidNonWhitelisted: true }).length === 0;
}

function namesPrototypeMember(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(namesPrototypeMember);
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(
    ([name, member]) => name in Object.prototype || (name !== 'attributes' && namesPrototypeMember(member)),
  );
}

/** What plainToInstance would do, by the classes that our metadata name. */
function hydrate(type: Constructor<object>, body: object): object {
  const instance = new type();
  for (const [name, value] of Object.entries(body)) {
    const members = membersOf(type, name);
    const nested = (member: unknown): unknown =>
      members !== undefined && isJsonObject(member) ? hydrate(members(), member) : member;
    const hydrated: unknown = Array.isArray(value) ? value.map(nested) : nested(value);
    Object.defineProperty(instance, name, { value: hydrated, enumerable: true });
  }
  return instance;
}

function membersOf(type: Constructor<object>, name: string): (() => Constructor<object>) | undefined {
  const metadatas = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const contexts: { members?: () => Constructor<object> }[] = metadatas
    .filter(({ propertyName }) => propertyName === name)
    .map(({ context }) => context ?? {});
  return contexts.find(({ members }) => members !== undefined)?.members;
}

const LENGTHS = [1, 64, 65, 256, 257, 1024, 1025];
const NUMBERS = [0, -0, 1, -1, 5, 6, 11, 100, 101, 1.5, 2 ** 53 - 1, 2 ** 53, 31_622_400, 31_622_401];
const TEXTS = [
  '',
  ' ',
  'x',
  'X',
  '\ud800',
  '\udc00x',
  '😀',
  'é',
  '\u0000',
  '__proto__',
  '0',
  '-1',
  '1.0000001',
];
const VALUES = ['a@b', '@b', 'a@', 'a@b@c', ' a@b ', '+1234', '+123', '+1234567890123456', '(+44) 20-79.46'];
const WORDS = ['email', 'phone', 'nps', 'cci', 'ces', 'csat', 'sms', 'inbound', 'dpo'];
const IDS = [ID, ID.toUpperCase(), `${ID}0`, ID.replaceAll('-', '')];
const DAYS = ['2026-01-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01', '2026-01-01t00:00:00.5z'];
const SHAPES = [[], {}, [[]], [{}], [null], { id: ID }, { id: null }, { a: 1 }, ['service'], ['root']];
const ODD: readonly unknown[] = [
  undefined,
  null,
  true,
  ...LENGTHS.map((length) => 'a'.repeat(length)),
  ...NUMBERS,
  ...TEXTS,
  ...VALUES,
  ...WORDS,
  ...IDS,
  ...DAYS,
  ...SHAPES,
];
const NAMES = [
  'x',
  'origin',
  'id',
  'type',
  'name',
  'constructor',
  'toString',
  '__proto__',
  '',
  'a/b',
  'customerId',
  'eventId',
  'orderId',
];
const ENDS = ['a', ' ', '\ud83d', '0'];
const COUNTS = [0, 1, 50, 51];

/** One to three faults, or none, anywhere in the body. */
function mutate(random: () => number, body: Record<string, unknown>): unknown {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  let root: unknown = body;
  for (let faults = Math.ceil(random() * 3); faults > 0; faults--) {
    const places = placesOf(root);
    const place = pick(places);
    if (place === undefined) return pick(ODD);
    const { owner, name } = place;
    const value: unknown = Reflect.get(owner, name);
    const kind = Math.floor(random() * 9);
    const list = Array.isArray(owner);
    if (kind <= 1 && list) owner.splice(Number(name), 1);
    else if (kind <= 1) Reflect.deleteProperty(owner, name);
    else if (kind <= 4) define(owner, name, structuredClone(pick(ODD)));
    else if (kind === 5 && !list) define(owner, pick(NAMES) ?? '', structuredClone(pick(ODD)));
    else if (kind === 6) define(owner, name, [value]);
    else if (kind === 7 && typeof value === 'string') define(owner, name, value + (pick(ENDS) ?? ''));
    else if (kind === 8 && Array.isArray(value)) define(owner, name, repeated(value[0], pick(COUNTS) ?? 0));
    if (faults === 1 && random() < 0.01) root = [root];
  }
  return root;
}

function repeated(value: unknown, count: number): unknown[] {
  return Array.from({ length: count }, () => structuredClone(value));
}

function placesOf(value: unknown): { owner: object; name: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [{ owner: value, name }, ...placesOf(member)]);
}

function define(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { value, enumerable: true, configurable: true, writable: true });
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
