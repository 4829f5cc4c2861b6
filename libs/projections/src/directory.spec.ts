import type { Document, Projection } from '#libs/core';
import type { LedgerEvent, SeenEvent } from '#libs/events';
import { CUSTOMER_ID, folded, recorded } from '#libs/testing';
import { directory } from './directory';
import { profile } from './profile';

const registered: LedgerEvent = {
  type: 'customer-registered.v1',
  data: { name: 'Anna Möller', identifiers: [{ type: 'email', value: 'Anna.M@x.com' }] },
};
const said: LedgerEvent = {
  type: 'touchpoint-recorded.v1',
  data: { channel: 'email', direction: 'inbound', kind: 'message', content: 'hello' },
};
const linked: LedgerEvent = {
  type: 'identifier-linked.v1',
  data: { identifiers: [{ type: 'phone', value: '+41446681800' }] },
};
const unlinked: LedgerEvent = {
  type: 'identifier-unlinked.v1',
  data: { identifiers: [{ type: 'email', value: 'Anna.M@x.com' }] },
};
const renamed: LedgerEvent = { type: 'customer-profile-changed.v1', data: { name: 'Berta' } };
const bought: LedgerEvent = {
  type: 'purchase-recorded.v1',
  data: { orderId: 'o', total: { amount: '1', currency: 'EUR' } },
};

/** A projection that says the same of a customer after every event of one type. */
const saying = (name: string, type: string, document: Document): Projection<SeenEvent> => ({
  name,
  version: 1,
  indexes: [],
  keysOf: ({ event, customerId }) => (event.type === type ? [customerId] : []),
  fold: () => document,
});
const loyalty = saying('loyalty', 'touchpoint-recorded.v1', { score: 7350, tier: 'gold' });
const segments = saying('segments', 'purchase-recorded.v1', { segment: 'champions' });

const entry = (...events: readonly LedgerEvent[]) =>
  folded(directory, recorded(events), [profile, loyalty, segments])[CUSTOMER_ID];
const words = (...events: readonly LedgerEvent[]) => entry(...events)?.['_words'];

it('begins with the first event', () => {
  expect(entry(registered)).toEqual({
    customerId: CUSTOMER_ID,
    all: 1,
    _words: 'anna möller m x com',
    loyalty: 0,
  });
  expect(entry(said)).toEqual({ customerId: CUSTOMER_ID, all: 1, loyalty: 7350, tier: 'gold' });
});

it('says what the other projections say, also after events that they do not see', () => {
  const expected = {
    customerId: CUSTOMER_ID,
    all: 1,
    _words: 'anna möller m x com',
    loyalty: 7350,
    tier: 'gold',
    segment: 'champions',
  };
  expect(entry(registered, said, bought)).toEqual(expected);
  expect(entry(registered, bought, said, { ...linked, data: { identifiers: [] } })).toEqual(expected);
});

it('has the words of today’s name and identifiers', () => {
  expect(words(registered, renamed)).toBe('berta anna m x com');
  expect(words(registered, said, linked)).toBe('anna möller m x com 41446681800');
  expect(words(registered, said, linked, unlinked)).toBe('anna möller 41446681800');
  expect(words({ type: 'customer-registered.v1', data: { identifiers: [] } })).toBeUndefined();
});

it('forgets what is not said any more', () => {
  const gone: Projection<SeenEvent> = {
    ...segments,
    fold: (document) => (document === undefined ? { segment: 'new' } : {}),
  };
  const after = folded(directory, recorded([bought, bought]), [profile, loyalty, gone])[CUSTOMER_ID];
  expect(after).not.toHaveProperty('segment');
});

it('is the very same document where nothing changes', () => {
  const [first, second] = recorded([registered, bought]);
  if (first === undefined || second === undefined) throw new Error('two events');
  const before = profile.fold(undefined, first, CUSTOMER_ID, {});
  const after = profile.fold(before, second, CUSTOMER_ID, {});
  const document = directory.fold(undefined, first, CUSTOMER_ID, {
    profile: { before: undefined, after: before },
  });
  const changes = {
    profile: { before, after },
    loyalty: { before: undefined, after: { score: 0 } },
    segments: { before: undefined, after: {} },
  };
  expect(directory.fold(document, second, CUSTOMER_ID, changes)).toBe(document);
  expect(directory.fold(document, second, CUSTOMER_ID, {})).toBe(document);
});

it('lists no stream that is about no customer', () => {
  const events = recorded([bought]).map((one) => ({ ...one, customerId: '' }));
  expect(events.flatMap((one) => [...directory.keysOf(one), ...profile.keysOf(one)])).toEqual([]);
});
