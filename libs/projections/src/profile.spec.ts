import type { LedgerEvent } from '#libs/events';
import { CUSTOMER_ID, folded, idAt, recorded, recordedAt } from '#libs/testing';
import { MAX_ATTRIBUTES_CHARACTERS, profile } from './profile';

const profileOf = (...events: readonly LedgerEvent[]) => folded(profile, recorded(events))[CUSTOMER_ID];
const REGISTERED: LedgerEvent = {
  type: 'customer-registered.v1',
  data: {
    identifiers: [{ type: 'email', value: 'a@x.com' }],
    name: 'Anna',
    attributes: { plan: 'gold', vip: true },
  },
};
const FACTS = { channel: 'email', direction: 'inbound', kind: 'message' } as const;
const said = (change: Partial<typeof FACTS> | object = {}): LedgerEvent => ({
  type: 'touchpoint-recorded.v1',
  data: { ...FACTS, ...change },
});
const changed = (
  data: Extract<LedgerEvent, { type: 'customer-profile-changed.v1' }>['data'],
): LedgerEvent => ({ type: 'customer-profile-changed.v1', data });
const bought = (amount: string, currency = 'EUR'): LedgerEvent => ({
  type: 'purchase-recorded.v1',
  data: { orderId: 'o', total: { amount, currency } },
});
const refunded = (amount: string, currency = 'EUR'): LedgerEvent => ({
  type: 'purchase-refunded.v1',
  data: { orderId: 'o', amount: { amount, currency } },
});

it('begins with the registration', () => {
  expect(profileOf(REGISTERED)).toEqual({
    customerId: CUSTOMER_ID,
    registeredAt: recordedAt(0),
    name: 'Anna',
    identifiers: [{ type: 'email', value: 'a@x.com' }],
    attributes: { plan: 'gold', vip: true },
  });
});

describe('attributes', () => {
  it('are merged member by member; null removes, and what was nested is replaced', () => {
    const events = [
      changed({ attributes: { vip: null, seats: 3, address: { city: 'Bern', zip: '3000' } } }),
      changed({ attributes: { never: null, address: { city: 'Basel' } } }),
    ];
    expect(profileOf(REGISTERED, ...events)?.['attributes']).toEqual({
      plan: 'gold',
      seats: 3,
      address: { city: 'Basel' },
    });
  });

  it('have bounds together: beyond them those go that were set longest ago', () => {
    const long = 'x'.repeat(15_000);
    const set = (name: string): LedgerEvent => changed({ attributes: { [name]: long } });
    const events = ['a', 'b', 'c', 'a', 'd', 'e'].map(set);
    const { attributes } = profileOf(REGISTERED, ...events) ?? {};
    expect(Object.keys(attributes as object)).toEqual(['c', 'a', 'd', 'e']);
    expect(JSON.stringify(attributes).length).toBeLessThanOrEqual(MAX_ATTRIBUTES_CHARACTERS);
  });

  it('stay as they are where a change has none', () => {
    expect(profileOf(REGISTERED, changed({ name: 'Berta' }))).toMatchObject({
      name: 'Berta',
      attributes: { plan: 'gold', vip: true },
    });
  });

  it('may have any name', () => {
    const attributes: Record<string, string> = JSON.parse('{"__proto__":"x","constructor":"y"}');
    const after = profileOf(REGISTERED, changed({ attributes }))?.['attributes'];
    expect(Object.entries(after ?? {})).toContainEqual(['constructor', 'y']);
  });
});

it('has the identifiers that are linked and not unlinked', () => {
  const [a, b] = ['a@x.com', 'b@x.com'].map((value) => ({ type: 'email', value }));
  const linked: LedgerEvent = {
    type: 'identifier-linked.v1',
    data: { identifiers: [b ?? { type: '', value: '' }] },
  };
  const unlinked: LedgerEvent = {
    type: 'identifier-unlinked.v1',
    data: { identifiers: [a ?? { type: '', value: '' }] },
  };
  expect(profileOf(REGISTERED, linked)?.['identifiers']).toEqual([a, b]);
  expect(profileOf(REGISTERED, linked, unlinked)?.['identifiers']).toEqual([b]);
  expect(profileOf(REGISTERED, unlinked, linked)?.['identifiers']).toEqual([b]);
});

describe('contacts', () => {
  it('are counted by channel and direction', () => {
    const counts = profileOf(REGISTERED, said(), said({ channel: 'voice' }), said({ direction: 'outbound' }));
    expect(counts).toMatchObject({
      byChannel: { email: 2, voice: 1 },
      byDirection: { inbound: 2, outbound: 1 },
    });
  });

  it('move with a correction, both states in it, and go with a redaction', () => {
    const was = { ...FACTS, occurredAt: recordedAt(1) };
    const now = { ...was, channel: 'voice', direction: 'outbound' } as const;
    const corrected: LedgerEvent = {
      type: 'touchpoint-corrected.v1',
      data: { touchpointId: idAt(1), was, now, reason: 'r' },
    };
    const redacted: LedgerEvent = {
      type: 'touchpoint-redacted.v1',
      data: { touchpointId: idAt(1), was: now, reason: 'r' },
    };
    expect(profileOf(REGISTERED, said(), said(), corrected)).toMatchObject({
      byChannel: { email: 1, voice: 1 },
      byDirection: { inbound: 1, outbound: 1 },
    });
    expect(profileOf(REGISTERED, said(), said(), corrected, redacted)).toMatchObject({
      byChannel: { email: 1 },
      byDirection: { inbound: 1 },
    });
    expect(profileOf(REGISTERED, said(), said(), corrected, redacted)?.['byChannel']).not.toHaveProperty(
      'voice',
    );
  });
});

it('sums purchases and refunds by currency, exactly', () => {
  const events = [
    bought('0.1'),
    bought('0.20'),
    bought('999999999999999.999999', 'JPY'),
    bought('0.000001', 'JPY'),
    refunded('0.05'),
    refunded('-1', 'GBP'),
  ];
  expect(profileOf(REGISTERED, ...events)).toMatchObject({
    purchaseCount: 4,
    bought: { EUR: '0.30', JPY: '1000000000000000.000000' },
    refunded: { EUR: '0.05', GBP: '-1' },
  });
});
