import { IsString, ValidateNested } from 'class-validator';
import { CreateApiKey } from './api-key';
import { check, MAX_FAULTS } from './check';
import type { Checked } from './check';
import { RecordPurchase } from './purchase';
import { RecordTouchpoint, RedactTouchpoint } from './touchpoint';

const ID = '0190b5e2-7d00-7000-8000-000000000001';

describe('check', () => {
  it.each([[undefined], [null], ['text'], [1], [[]], [[{ reason: 'r' }]]])('refuses the body %p', (body) => {
    expect(check(RedactTouchpoint, body, { eventId: ID })).toEqual({
      ok: false,
      errors: [{ pointer: '', message: 'must be a JSON object' }],
    });
  });

  it('keeps the body as it is and gives a message of its own', () => {
    const id = ID.toUpperCase();
    const occurredAt = '2026-03-01T10:00:00+01:00';
    const customer = Object.freeze({ id });
    const body = Object.freeze({
      customer,
      channel: 'sms',
      direction: 'inbound',
      occurredAt,
      interactionId: id,
    });
    const { value } = accepted(check(RecordTouchpoint, body));
    expect(value).toBeInstanceOf(RecordTouchpoint);
    expect(value).toEqual({
      customer: { id: ID },
      channel: 'sms',
      direction: 'inbound',
      occurredAt: '2026-03-01T09:00:00.000Z',
      interactionId: ID,
    });
    expect(body).toMatchObject({ customer: { id }, occurredAt, interactionId: id });
  });

  it('leaves the origin out of the properties, for a decider spreads them into an event', () => {
    const body = { reason: 'r' };
    const { value } = accepted(check(RedactTouchpoint, body, { eventId: ID }));
    value.origin = { actor: { kind: 'user', id: 'key_1' }, body };
    expect(value.origin.body).toBe(body);
    expect(Object.keys(value)).toEqual(['reason', 'eventId']);
  });

  it('has no origin before the controller gives it one', () => {
    expect(() => new RecordTouchpoint().origin).toThrow('no origin');
    const body = { reason: 'r', origin: { actor: { kind: 'user', id: 'x' } } };
    const checked = check(RedactTouchpoint, body, { eventId: ID });
    expect(checked).toMatchObject({ ok: false, errors: [{ pointer: '/origin' }] });
  });

  it('takes path parameters from the path alone', () => {
    const checked = check(RedactTouchpoint, { reason: 'r' }, { eventId: ID.toUpperCase() });
    expect(checked).toEqual({ ok: true, value: { eventId: ID, reason: 'r' } });
    const named = check(RedactTouchpoint, { reason: 'r', eventId: ID }, { eventId: ID });
    expect(named).toMatchObject({
      ok: false,
      errors: [{ pointer: '/eventId', message: 'is not a known field' }],
    });
    const wrong = check(RedactTouchpoint, { reason: 'r' }, { eventId: 'x' });
    expect(wrong).toMatchObject({ ok: false, errors: [{ pointer: '/eventId', message: 'must be a UUID' }] });
    expect(check(RedactTouchpoint, { reason: 'r' }).ok).toBe(false);
  });

  it('is not polluted by __proto__', () => {
    const body: unknown = JSON.parse(
      '{"name":"x","roles":["admin"],"__proto__":{"expiresAt":"2030-01-01T00:00:00Z"}}',
    );
    expect(check(CreateApiKey, body)).toMatchObject({ ok: false, errors: [{ pointer: '/__proto__' }] });
    expect({}).not.toHaveProperty('expiresAt');
  });

  it('reports where every fault is, and twenty at most', () => {
    const items = [
      { sku: 'a', quantity: 1 },
      { 'a/b~c': 1, sku: '', quantity: 0, unitPrice: null },
    ];
    const checked = check(RecordPurchase, {
      customer: { identifiers: [{ type: 'email', value: 'x' }] },
      items,
    });
    expect(checked.ok ? [] : checked.errors.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/customer/identifiers/0/value',
      '/items/1/a~1b~0c',
      '/items/1/quantity',
      '/items/1/sku',
      '/items/1/unitPrice',
      '/orderId',
      '/total',
    ]);
    const many = check(RecordPurchase, { items: Array.from({ length: 1000 }, () => ({})) });
    expect(many).toMatchObject({ ok: false, errors: { length: MAX_FAULTS } });
    const unknown = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x${index}`, 1]));
    expect(check(RecordPurchase, unknown)).toMatchObject({ ok: false, errors: { length: MAX_FAULTS } });
  });

  it('refuses to compile what class-validator alone would check', () => {
    class Foreign {
      @IsString()
      declare readonly name: string;
    }
    class Untyped {
      @ValidateNested()
      declare readonly name: object;
    }
    expect(() => check(Foreign, {})).toThrow('Foreign.name: check does not know isString');
    expect(() => check(Untyped, {})).toThrow('Untyped.name: check does not know');
    expect(() => check(Date, {})).toThrow('Date has no class-validator metadata');
  });
});

function accepted<T>(checked: Checked<T>): Extract<Checked<T>, { ok: true }> {
  if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
  return checked;
}
