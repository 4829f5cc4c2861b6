import { maskIdentifier, maskName, maskProfile, maskPurchase, maskTimelineEntry } from './masking';

it.each([
  ['email', 'jane.doe@example.com', 'j***@e***.com'],
  ['email', 'j@mail.example.co.uk', 'j***@m***.uk'],
  ['email', '🦊fox@example.com', '🦊***@e***.com'],
  ['email', 'not an address', '***ress'],
  ['email', 'a@b', '***'],
  ['phone', '+441234567890', '***7890'],
  ['crm', '12345', '***2345'],
  ['crm', '1234', '***'],
  ['wechat', '', '***'],
  ['crm', 'jane@example.com', '***.com'],
])('masks %s %s as %s', (type, value, masked) => {
  expect(maskIdentifier({ type, value })).toEqual({ type, value: masked });
});

it.each([
  ['Jane Doe', 'J*** D***'],
  ['  王 小明 ', '王*** 小***'],
  ['', ''],
])('masks the name %p as %p', (name, masked) => {
  expect(maskName(name)).toBe(masked);
});

const PRIVATE = /Doe|example|secret|ORDER-12/;

it('masks a profile: what happened, not to whom', () => {
  const masked = maskProfile({
    customerId: 'c',
    name: 'Jane Doe',
    identifiers: [{ type: 'email', value: 'jane@example.com' }, 'secret', { type: 'crm' }],
    attributes: { note: 'secret' },
    firstSeenAt: 'f',
    lastContactAt: 'l',
    counts: { byChannel: { email: 1 } },
    purchases: { count: 1, total: [{ amount: '1.00', currency: 'GBP' }] },
    loyalty: { score: 5, tier: 'gold' },
    segments: ['s'],
    completeness: { complete: false, parkedSince: 'p', reason: 'secret' },
    addedLater: 'secret',
  });
  expect(masked).toEqual({
    customerId: 'c',
    name: 'J*** D***',
    identifiers: [{ type: 'email', value: 'j***@e***.com' }],
    firstSeenAt: 'f',
    lastContactAt: 'l',
    counts: { byChannel: { email: 1 } },
    purchases: { count: 1, total: [{ amount: '1.00', currency: 'GBP' }] },
    loyalty: { score: 5, tier: 'gold' },
    segments: ['s'],
    completeness: { complete: false, parkedSince: 'p' },
  });
  expect(maskProfile({ customerId: 'c', name: null })).toEqual({ customerId: 'c', name: null });
});

it('masks entries of a timeline: no subject, content, free text or attributes, also in corrections', () => {
  const masked = maskTimelineEntry({
    eventId: 'e',
    revision: 3,
    kind: 'message',
    channel: 'email',
    subject: 'secret',
    content: 'secret',
    outcome: 'resolved',
    outcomeText: 'secret',
    comment: 'secret',
    threadId: 'secret',
    attributes: { a: 'secret' },
    annotations: [{ text: 'secret' }],
    corrections: [{ eventId: 'f', recordedAt: 'r', reason: 'secret', fields: { subject: 'secret' } }],
  });
  expect(masked).toEqual({
    eventId: 'e',
    revision: 3,
    kind: 'message',
    channel: 'email',
    outcome: 'resolved',
    corrections: [{ eventId: 'f', recordedAt: 'r' }],
  });
});

it('shows codes and instants of an entry: what became of it and of which sort it is', () => {
  const shown = { status: 'failed', statusCode: 'mailbox-full', statusAt: 's', feedbackType: 'complaint' };
  expect(maskTimelineEntry({ ...shown, detail: 'secret', content: 'secret' })).toEqual(shown);
});

it('masks purchases: what was bought, not under which number', () => {
  const masked = maskPurchase({
    orderId: 'ORDER-1234',
    total: { amount: '9.00', currency: 'GBP' },
    items: [
      { sku: 'A-1', name: 'For Jane Doe', quantity: 2, unitPrice: { amount: '4.50', currency: 'GBP' } },
    ],
  });
  expect(masked).toEqual({
    orderId: '***1234',
    total: { amount: '9.00', currency: 'GBP' },
    items: [{ sku: 'A-1', quantity: 2, unitPrice: { amount: '4.50', currency: 'GBP' } }],
  });
  expect(JSON.stringify(masked)).not.toMatch(PRIVATE);
});
