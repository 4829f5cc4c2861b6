import { CreateApiKey } from './api-key';
import { checkLine } from './bulk-line';
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
import {
  AnnotateTouchpoint,
  CorrectTouchpoint,
  RecordTouchpoint,
  RedactTouchpoint,
  ReportStatus,
} from './touchpoint';

const ID = '0190b5e2-7d00-7000-8000-000000000001';
const email = { type: 'email', value: 'jane@example.com' };
const customer = { identifiers: [email] };
const gbp = (amount: unknown): object => ({ amount, currency: 'GBP' });
const letters = (length: number): string => 'x'.repeat(length);
const times = <T>(length: number, value: T): T[] => Array.from({ length }, () => value);

type Body = Readonly<Record<string, unknown>>;
interface Example {
  readonly type: Constructor<object>;
  readonly path?: Readonly<Record<string, string>>;
  readonly body: Body;
}

const examples = {
  customer: { type: RegisterCustomer, body: { identifiers: [email], name: 'Jane' } },
  profile: { type: ChangeProfile, path: { customerId: ID }, body: { name: 'Jane', reason: 'asked' } },
  link: { type: LinkIdentifier, path: { customerId: ID }, body: { type: 'crm', value: '003' } },
  unlink: { type: UnlinkIdentifier, path: { customerId: ID }, body: { type: 'crm', value: '003' } },
  lookup: { type: LookupCustomer, body: { identifier: email } },
  touchpoint: { type: RecordTouchpoint, body: { customer, channel: 'email', direction: 'inbound' } },
  status: { type: ReportStatus, path: { eventId: ID }, body: { status: 'delivered' } },
  correction: {
    type: CorrectTouchpoint,
    path: { eventId: ID },
    body: { fields: { channel: 'sms' }, reason: 'r' },
  },
  redaction: { type: RedactTouchpoint, path: { eventId: ID }, body: { reason: 'r' } },
  annotation: { type: AnnotateTouchpoint, path: { eventId: ID }, body: { text: 't' } },
  purchase: { type: RecordPurchase, body: { customer, orderId: 'o-1', total: gbp('29.33') } },
  refund: { type: RefundPurchase, path: { orderId: 'o-1' }, body: { customer, amount: gbp('29.33') } },
  survey: { type: AnswerSurvey, body: { customer, instrument: 'nps', score: 9 } },
  feedback: { type: ReceiveFeedback, body: { customer, type: 'complaint', content: 'Broken.' } },
  key: { type: CreateApiKey, body: { name: 'shop', roles: ['service'] } },
} as const satisfies Record<string, Example>;
type Name = keyof typeof examples;
const all: readonly (readonly [string, Example])[] = Object.entries(examples);

/** Pointers of the faults of an example with some fields replaced; none where it is accepted. */
function faults(name: Name, changes: Body): string[] {
  const { type, body, path }: Example = examples[name];
  const checked = check<object>(type, { ...body, ...changes }, path);
  return checked.ok ? [] : checked.errors.map(({ pointer }) => pointer);
}

describe.each(all)('%s', (_name, { type, body, path = {} }) => {
  it('is accepted', () => {
    expect(check(type, body, path)).toEqual({ ok: true, value: { ...body, ...path } });
  });

  it.each(Object.keys(body))('refuses null for %s', (field) => {
    const pointers = [expect.objectContaining({ pointer: `/${field}` })];
    expect(check(type, { ...body, [field]: null }, path)).toMatchObject({ ok: false, errors: pointers });
  });

  it('refuses an unknown field', () => {
    const errors = [{ pointer: '/other', message: 'is not a known field' }];
    expect(check(type, { ...body, other: 1 }, path)).toEqual({ ok: false, errors });
  });
});

it.each<[Name, readonly string[]]>([
  ['customer', ['identifiers']],
  ['link', ['type', 'value']],
  ['lookup', ['identifier']],
  ['touchpoint', ['customer', 'channel', 'direction']],
  ['status', ['status']],
  ['correction', ['fields', 'reason']],
  ['redaction', ['reason']],
  ['annotation', ['text']],
  ['purchase', ['customer', 'orderId', 'total']],
  ['refund', ['customer', 'amount']],
  ['survey', ['customer', 'instrument', 'score']],
  ['feedback', ['customer', 'type', 'content']],
  ['key', ['name', 'roles']],
])('%s needs its required fields', (name, required) => {
  const { type, path }: Example = examples[name];
  const errors = required.map((field) => ({ pointer: `/${field}`, message: 'is required' }));
  expect(check<object>(type, {}, path)).toMatchObject({ ok: false, errors: expect.arrayContaining(errors) });
});

describe('accepts up to the limit', () => {
  it.each<[Name, Body]>([
    ['customer', { identifiers: times(50, email) }],
    ['customer', { name: letters(1024) }],
    ['customer', { identifiers: [{ type: 'wechat', value: letters(1024) }] }],
    ['customer', { identifiers: [{ type: 'phone', value: '+44 (20) 7946-0000' }] }],
    ['customer', { identifiers: [{ type: 'email', value: '"a b"@b@例え.jp' }] }],
    ['touchpoint', { customer: { id: ID }, content: letters(262_144), subject: '', threadId: letters(1024) }],
    ['touchpoint', { interactionId: ID.toUpperCase(), durationSeconds: 31_622_400, agent: letters(64) }],
    ['touchpoint', { source: { system: 'a', id: letters(1024), part: letters(1024) } }],
    ['correction', { fields: { attributes: {} } }],
    ['purchase', { orderId: letters(256), items: times(1000, { sku: 'a', quantity: 1 }) }],
    [
      'purchase',
      {
        items: [{ sku: 'a', quantity: 9_007_199_254_740_991, unitPrice: gbp('-0.000001') }],
        total: gbp('0'),
      },
    ],
    ['purchase', { total: gbp('123456789012345.123456'), items: [] }],
    ['refund', { amount: gbp('0'), source: { system: 'shop', id: '1' } }],
    ['survey', { instrument: 'csat', score: 5 }],
    ['survey', { instrument: 'nps', score: 0 }],
    ['survey', { instrument: 'cci', score: 100 }],
    ['feedback', { rating: 100, content: letters(262_144) }],
  ])('%s %#', (name, changes) => expect(faults(name, changes)).toEqual([]));
});

describe('refuses beyond the limit, where it is', () => {
  it.each<[Name, Body, string]>([
    ['customer', { identifiers: [] }, '/identifiers'],
    ['customer', { identifiers: times(51, email) }, '/identifiers'],
    ['customer', { identifiers: [{ type: 'Email', value: 'x' }] }, '/identifiers/0/type'],
    ['customer', { identifiers: [email, { type: 'email', value: 'jane' }] }, '/identifiers/1/value'],
    ['customer', { identifiers: [{ type: 'email', value: '@example.com' }] }, '/identifiers/0/value'],
    ['customer', { identifiers: [{ type: 'email', value: 'jane@' }] }, '/identifiers/0/value'],
    ['customer', { identifiers: [{ type: 'phone', value: '020 7946 0000' }] }, '/identifiers/0/value'],
    ['customer', { identifiers: [{ type: 'phone', value: '+123' }] }, '/identifiers/0/value'],
    ['customer', { identifiers: [{ type: 'phone', value: '+1234567890123456' }] }, '/identifiers/0/value'],
    ['customer', { identifiers: [{ type: 'crm', value: '' }] }, '/identifiers/0/value'],
    ['customer', { identifiers: [{ type: 'crm', value: letters(1025) }] }, '/identifiers/0/value'],
    ['customer', { identifiers: [{ ...email, verified: true }] }, '/identifiers/0/verified'],
    ['customer', { name: '' }, '/name'],
    ['customer', { name: letters(1025) }, '/name'],
    ['customer', { name: 'J\ud83dane' }, '/name'],
    ['link', { type: 'email', value: 'jane' }, '/value'],
    ['touchpoint', { customer: {} }, '/customer'],
    ['touchpoint', { customer: { id: ID, ...customer } }, '/customer'],
    ['touchpoint', { customer: { id: 'jane' } }, '/customer/id'],
    ['touchpoint', { customer: ID }, '/customer'],
    ['touchpoint', { channel: 'fax' }, '/channel'],
    ['touchpoint', { occurredAt: '2026-02-30T00:00:00Z' }, '/occurredAt'],
    ['touchpoint', { occurredAt: 1_772_000_000 }, '/occurredAt'],
    ['touchpoint', { agent: 'Jane Doe' }, '/agent'],
    ['touchpoint', { agent: letters(65) }, '/agent'],
    ['touchpoint', { interactionId: `${ID.toUpperCase()}0` }, '/interactionId'],
    ['touchpoint', { durationSeconds: 31_622_401 }, '/durationSeconds'],
    ['touchpoint', { durationSeconds: -1 }, '/durationSeconds'],
    ['touchpoint', { durationSeconds: 1.5 }, '/durationSeconds'],
    ['touchpoint', { durationSeconds: '60' }, '/durationSeconds'],
    ['touchpoint', { content: letters(262_145) }, '/content'],
    ['touchpoint', { content: '\udc00' }, '/content'],
    ['touchpoint', { source: { system: 'Help Desk', id: '1' } }, '/source/system'],
    ['touchpoint', { source: { system: 'a', id: '1', part: '' } }, '/source/part'],
    ['correction', { fields: {} }, '/fields'],
    ['correction', { fields: { customer } }, '/fields/customer'],
    ['correction', { fields: { purpose: 'service' } }, '/fields/purpose'],
    ['correction', { fields: { source: { system: 'a', id: '1' } } }, '/fields/source'],
    ['redaction', { reason: '' }, '/reason'],
    ['purchase', { orderId: letters(257) }, '/orderId'],
    ['purchase', { items: times(1001, { sku: 'a', quantity: 1 }) }, '/items'],
    ['purchase', { items: [{ sku: 'a', quantity: 0 }] }, '/items/0/quantity'],
    ['purchase', { items: [{ sku: 'a', quantity: 2 ** 53 }] }, '/items/0/quantity'],
    ['purchase', { total: gbp('-1') }, '/total/amount'],
    ['purchase', { total: gbp('1.0000001') }, '/total/amount'],
    ['purchase', { total: gbp('1234567890123456') }, '/total/amount'],
    ['purchase', { total: gbp('1.') }, '/total/amount'],
    ['purchase', { total: gbp('1\n') }, '/total/amount'],
    ['purchase', { total: gbp(29.33) }, '/total/amount'],
    ['purchase', { total: { amount: '1', currency: 'gbp' } }, '/total/currency'],
    ['refund', { orderId: 'o-1' }, '/orderId'],
    ['survey', { instrument: 'csat', score: 0 }, '/score'],
    ['survey', { instrument: 'csat', score: 6 }, '/score'],
    ['survey', { instrument: 'nps', score: 11 }, '/score'],
    ['survey', { instrument: 'ces', score: 8 }, '/score'],
    ['survey', { instrument: 'cci', score: 101 }, '/score'],
    ['survey', { instrument: 'other' }, '/instrument'],
    ['survey', { touchpointId: 'x' }, '/touchpointId'],
    ['feedback', { rating: 101 }, '/rating'],
    ['feedback', { content: '' }, '/content'],
    ['key', { roles: [] }, '/roles'],
    ['key', { roles: ['service', 'root'] }, '/roles/1'],
    ['key', { expiresAt: 'tomorrow' }, '/expiresAt'],
  ])('%s %#', (name, changes, pointer) => expect(faults(name, changes)).toEqual([pointer]));

  it('names the range of the instrument', () => {
    const { type, body } = examples.survey;
    const checked = check(type, { ...body, score: 11 });
    expect(checked).toMatchObject({ errors: [{ message: 'must be an integer from 0 to 10 for nps' }] });
  });
});

describe('attributes', () => {
  const nested = (depth: number): unknown => (depth === 1 ? {} : { a: nested(depth - 1) });
  const KIBIBYTES_16 = 16 * 1024;
  const framing = '{"a":""}'.length;

  it.each<[unknown]>([
    [{}],
    [{ a: null, b: true, c: 'x', d: -5, e: [1, ['x']], f: { g: 'h' } }],
    [{ [letters(64)]: 1 }],
    [{ a: letters(KIBIBYTES_16 - framing) }],
    [nested(16)],
    [{ constructor: 'x', a: 9_007_199_254_740_991 }],
  ])('accepts %#', (attributes) => expect(faults('touchpoint', { attributes })).toEqual([]));

  it.each<[unknown, string]>([
    [[], '/attributes'],
    ['x', '/attributes'],
    [{ a: 1.5 }, '/attributes/a'],
    [{ a: { b: [0, 2 ** 53] } }, '/attributes/a/b/1'],
    [{ a: '\ud800' }, '/attributes/a'],
    [{ '': 1 }, '/attributes/'],
    [{ [letters(65)]: 1 }, `/attributes/${letters(65)}`],
    [{ a: { 'b\u0000': 1 } }, '/attributes/a/b\u0000'],
    [{ '\u009f': 1 }, '/attributes/\u009f'],
    [JSON.parse('{"a":{"__proto__":1}}'), '/attributes/a/__proto__'],
    [{ a: letters(KIBIBYTES_16 - framing + 1) }, '/attributes'],
    [{ a: '€'.repeat(KIBIBYTES_16 / 3) }, '/attributes'],
    [nested(17), `/attributes${'/a'.repeat(16)}`],
  ])('refuses %#', (attributes, pointer) => expect(faults('touchpoint', { attributes })).toEqual([pointer]));
});

describe('checkLine', () => {
  const occurredAt = '2026-03-01T10:00:00Z';
  it.each<[string, Body]>([
    ['touchpoint', examples.touchpoint.body],
    ['purchase', examples.purchase.body],
    ['refund', { ...examples.refund.body, orderId: 'o-1' }],
    ['survey-answer', examples.survey.body],
    ['feedback', examples.feedback.body],
    ['customer', examples.customer.body],
    ['touchpoint-status', { touchpoint: { id: ID }, status: 'delivered', code: '250' }],
    ['touchpoint-status', { touchpoint: { source: { system: 'esp', id: '1' } }, status: 'bounced' }],
  ])('reads a line of %s', (command, body) => {
    expect(checkLine({ command, ...body })).toEqual({ ok: true, command, message: body, body });
  });

  it('keeps the body as given and normalises the message', () => {
    const body = { ...examples.feedback.body, occurredAt };
    expect(checkLine({ command: 'feedback', ...body })).toMatchObject({
      body: { occurredAt },
      message: { occurredAt: '2026-03-01T10:00:00.000Z' },
    });
  });

  it.each<[unknown, string]>([
    [[], ''],
    [null, ''],
    [{}, '/command'],
    [{ command: 'profile', name: 'x' }, '/command'],
    [{ command: 'constructor' }, '/command'],
    [{ command: 'touchpoint', ...examples.touchpoint.body, channel: 1 }, '/channel'],
    [{ command: 'refund', ...examples.refund.body }, '/orderId'],
    [{ command: 'touchpoint-status', touchpoint: {}, status: 'x' }, '/touchpoint'],
    [{ command: 'touchpoint-status', touchpoint: { id: ID }, status: 'x', eventId: ID }, '/eventId'],
  ])('refuses %j', (line, pointer) => {
    expect(checkLine(line)).toMatchObject({ ok: false, errors: [{ pointer }] });
  });
});
