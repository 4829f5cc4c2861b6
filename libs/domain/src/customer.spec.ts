import type { LedgerEvent } from '#libs/events';
import { CUSTOMER_ID as customerId, given } from '#libs/testing';
import { MAX_FUTURE_MS } from './command';
import { evolveStream, initialStreamState } from './ledger-command';
import type { LedgerCommand } from './ledger-command';

const identifiers = [{ type: 'email', value: 'a@x.com' }];
const customer = { identifiers };
const REGISTERED: LedgerEvent = { type: 'customer-registered.v1', data: { identifiers } };

describe('a customer', () => {
  it('is registered with name, identifiers, attributes and source', () => {
    const attributes = { vip: true };
    expect(
      given().when({
        name: 'customer',
        body: { identifiers, name: 'Anna', attributes, source: { system: 'crm', id: '7' } },
      }),
    ).toEqual([
      {
        type: 'customer-registered.v1',
        data: { identifiers, name: 'Anna', attributes, sourceSystem: 'crm', sourceId: '7' },
      },
    ]);
    expect(given().when({ name: 'customer', body: { identifiers: [] } })).toEqual([
      { type: 'customer-registered.v1', data: { identifiers: [] } },
    ]);
  });

  it('changes name and attributes', () => {
    expect(
      given(REGISTERED).when({
        name: 'profile',
        body: { customerId, name: 'Berta', attributes: { vip: null }, reason: 'married' },
      }),
    ).toEqual([
      {
        type: 'customer-profile-changed.v1',
        data: { name: 'Berta', attributes: { vip: null }, reason: 'married' },
      },
    ]);
    expect(given(REGISTERED).when({ name: 'profile', body: { customerId, reason: 'x' } })).toBe(
      'nothing-to-change',
    );
  });

  it('links and unlinks identifiers', () => {
    const [identifier = { type: '', value: '' }] = identifiers;
    expect(given(REGISTERED).when({ name: 'link', body: { customerId, ...identifier } })).toEqual([
      { type: 'identifier-linked.v1', data: { identifiers } },
    ]);
    expect(given(REGISTERED).when({ name: 'unlink', body: { customerId, ...identifier } })).toEqual([
      { type: 'identifier-unlinked.v1', data: { identifiers } },
    ]);
  });

  const commands: readonly LedgerCommand[] = [
    { name: 'profile', body: { customerId, name: 'x' } },
    { name: 'link', body: { customerId, type: 'email', value: 'a@x.com' } },
    { name: 'unlink', body: { customerId, type: 'email', value: 'a@x.com' } },
  ];
  it.each(commands)('must be registered for $name', (command) => {
    expect(given().when(command)).toBe('customer-not-found');
  });
});

describe('what happens once', () => {
  const occurredAt = '2026-01-01T00:00:00.000Z';
  const source = { system: 'shop', id: 's1' };
  const kept = { occurredAt, sourceSystem: 'shop', sourceId: 's1' };
  const money = { amount: '29.33', currency: 'GBP' };
  const CASES: readonly (readonly [LedgerCommand, LedgerEvent])[] = [
    [
      {
        name: 'purchase',
        body: {
          customer,
          orderId: 'o1',
          total: money,
          items: [{ sku: 'x', quantity: 2 }],
          channel: 'web',
          occurredAt,
          source,
        },
      },
      {
        type: 'purchase-recorded.v1',
        data: { orderId: 'o1', total: money, items: [{ sku: 'x', quantity: 2 }], channel: 'web', ...kept },
      },
    ],
    [
      {
        name: 'refund',
        body: { customer, orderId: 'o1', amount: money, reason: 'broken', occurredAt, source },
      },
      { type: 'purchase-refunded.v1', data: { orderId: 'o1', amount: money, reason: 'broken', ...kept } },
    ],
    [
      {
        name: 'survey-answer',
        body: { customer, instrument: 'nps', score: 9, comment: 'fine', occurredAt, source },
      },
      { type: 'survey-answered.v1', data: { instrument: 'nps', score: 9, comment: 'fine', ...kept } },
    ],
    [
      {
        name: 'feedback',
        body: { customer, type: 'praise', content: 'good', rating: 5, channel: 'chat', occurredAt, source },
      },
      {
        type: 'feedback-received.v1',
        data: { type: 'praise', content: 'good', rating: 5, channel: 'chat', ...kept },
      },
    ],
  ];

  it.each(CASES)('$name is kept as it is', (command, event) => {
    expect(given(REGISTERED).when(command)).toEqual([event]);
  });

  it.each(CASES)('$name may not lie more than a day ahead', (command, event) => {
    const limitMs = Date.parse(occurredAt) - MAX_FUTURE_MS;
    expect(given(REGISTERED).when(command, new Date(limitMs).toISOString())).toEqual([event]);
    expect(given(REGISTERED).when(command, new Date(limitMs - 1).toISOString())).toBe('occurred-in-future');
  });
});

it('remembers ids and flags only: no event leaves personal data in the state', () => {
  const state = [REGISTERED].reduce(evolveStream, initialStreamState);
  expect(state).toEqual({ customer: { registered: true }, touchpoint: { redacted: [] } });
  const ignored: LedgerEvent = { type: 'feedback-received.v1', data: { type: 'praise', content: 'x' } };
  expect(evolveStream(state, ignored)).toBe(state);
});
