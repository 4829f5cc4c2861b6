import { expectProblem, LEAF, receipt, somebody, touchpoint } from './client';
import type { Client } from './client';
import { JOURNEY_TIMEOUT_MS, startLedger } from './ledger-under-test';
import type { LedgerUnderTest } from './ledger-under-test';

jest.setTimeout(JOURNEY_TIMEOUT_MS);

let server: LedgerUnderTest;
let api: Client;

beforeAll(async () => {
  server = await startLedger();
  api = server.client();
});
afterAll(() => server.dispose());

const MONEY = { amount: '29.33', currency: 'GBP' };

describe('customers', () => {
  it('registers one, once', async () => {
    const { identifiers } = somebody();
    const answer = await api.post('/v1/customers', {
      identifiers: [...identifiers, { type: 'email', value: 'Ann@Example.org' }],
      name: 'Ann Lee',
      attributes: { vip: true, level: 3, tags: ['a', null] },
      source: { system: 'crm', id: 'reg-1' },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual(receipt({ revision: 0 }));
    const again = await api.post('/v1/customers', { identifiers });
    expectProblem(again, 409, 'identifier-taken');
    expect(again.body.customerId).toBe(answer.body.customerId);
    // Its normal form is what is taken.
    const folded = await api.post('/v1/customers', {
      identifiers: [{ type: 'email', value: ' ann@EXAMPLE.org ' }],
    });
    expectProblem(folded, 409, 'identifier-taken');
  });

  it('registers nobody with identifiers of whom some are taken', async () => {
    const taken = somebody();
    await api.accept('/v1/customers', taken);
    const free = somebody();
    expectProblem(
      await api.post('/v1/customers', { identifiers: [...free.identifiers, ...taken.identifiers] }),
      409,
      'identifier-taken',
    );
    expectProblem(
      await api.post('/v1/customers/lookup', { identifier: free.identifiers[0] }),
      404,
      'customer-not-found',
    );
  });

  it('changes a profile', async () => {
    const { customerId } = await api.accept('/v1/customers', somebody());
    const changed = await api.patch(`/v1/customers/${customerId}`, { name: 'Bo', reason: 'married' });
    expect(changed.status).toBe(201);
    expect(changed.body).toEqual(receipt({ customerId, revision: 1 }));
    expectProblem(await api.patch(`/v1/customers/${customerId}`, {}), 422, 'nothing-to-change');
    expectProblem(await api.patch(`/v1/customers/${customerId}`, { reason: 'no' }), 422, 'nothing-to-change');
    expectProblem(
      await api.patch('/v1/customers/01890000-0000-7000-8000-000000000000', { name: 'x' }),
      404,
      'customer-not-found',
    );
  });

  it('links and unlinks identifiers', async () => {
    const { identifiers } = somebody();
    const { customerId } = await api.accept('/v1/customers', { identifiers });
    const path = `/v1/customers/${customerId}/identifiers`;
    const phone = { type: 'phone', value: '+44 20 7946 0001' };
    expect(await api.accept(path, phone)).toEqual(receipt({ customerId, revision: 1 }));
    const own = await api.post(path, phone);
    expectProblem(own, 409, 'identifier-taken');
    expect(own.body.customerId).toBe(customerId);
    const other = await api.accept('/v1/customers', somebody());
    expectProblem(
      await api.post(`/v1/customers/${other.customerId}/identifiers`, identifiers[0]),
      409,
      'identifier-taken',
    );
    expectProblem(
      await api.post(`/v1/customers/${other.customerId}/identifiers/unlink`, phone),
      404,
      'identifier-not-found',
    );
    expect(await api.accept(`${path}/unlink`, phone)).toEqual(receipt({ customerId, revision: 2 }));
    expectProblem(await api.post(`${path}/unlink`, phone), 404, 'identifier-not-found');
    // Free again: anybody may have it.
    await api.accept(`/v1/customers/${other.customerId}/identifiers`, phone);
    const found = await api.post('/v1/customers/lookup', { identifier: phone });
    expect(found.body.customerId).toBe(other.customerId);
  });

  it('unlinks an identifier of a known customer and of no other', async () => {
    const path = '/v1/customers/01890000-0000-7000-8000-000000000000/identifiers';
    const answer = await api.post(path, { type: 'crm', value: 'nobody' });
    expectProblem(answer, 404, 'customer-not-found');
  });
});

describe('a customer named by identifiers', () => {
  it('is registered where none is known, in the same answer', async () => {
    const answer = await api.accept('/v1/touchpoints', touchpoint());
    expect(answer).toEqual({
      ...receipt({ revision: 1 }),
      events: [receipt({ revision: 0 }), receipt({ revision: 1 })],
    });
    expect(answer.events[1].leafHash).toBe(answer.leafHash);
  });

  it('has further identifiers linked', async () => {
    const a = somebody();
    const b = somebody();
    const { customerId } = await api.accept('/v1/touchpoints', touchpoint({ customer: a }));
    const both = { identifiers: [...a.identifiers, ...b.identifiers] };
    const answer = await api.accept('/v1/touchpoints', touchpoint({ customer: both }));
    expect(answer).toMatchObject({ customerId, revision: 3, events: [{ revision: 2 }, { revision: 3 }] });
    const byNew = await api.accept('/v1/touchpoints', touchpoint({ customer: b }));
    expect(byNew).toMatchObject({ customerId, revision: 4 });
    expect(byNew).not.toHaveProperty('events');
  });

  it('must be one', async () => {
    const a = somebody();
    const b = somebody();
    await api.accept('/v1/customers', a);
    await api.accept('/v1/customers', b);
    const both = { identifiers: [...a.identifiers, ...b.identifiers] };
    expectProblem(
      await api.post('/v1/touchpoints', touchpoint({ customer: both })),
      422,
      'identifiers-disagree',
    );
  });

  it('is registered once by a hundred first commands at a time', async () => {
    const customer = somebody();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => api.accept('/v1/touchpoints', touchpoint({ customer }))),
    );
    expect(new Set(answers.map(({ customerId }) => customerId)).size).toBe(1);
    const revisions = answers.map(({ revision }) => Number(revision)).toSorted((a, b) => a - b);
    expect(revisions).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(new Set(answers.map(({ leafHash }) => leafHash)).size).toBe(100);
  });

  it.each([
    ['email', 'a@foo bar'],
    ['email', 'a@['],
    ['email', 'a@256.256.256.256'],
    ['crm', '   '],
  ])('is refused where its %s %j has no normal form', async (type, value) => {
    const customer = { identifiers: [{ type, value }] };
    expectProblem(await api.post('/v1/customers', customer), 422, 'invalid-identifier');
    expectProblem(await api.post('/v1/touchpoints', touchpoint({ customer })), 422, 'invalid-identifier');
  });

  it('must be known where an id names it', async () => {
    const customer = { id: '01890000-0000-7000-8000-000000000000' };
    expectProblem(await api.post('/v1/touchpoints', touchpoint({ customer })), 404, 'customer-not-found');
  });
});

describe('touchpoints', () => {
  const everything = {
    occurredAt: '2024-02-29T12:00:00.5+01:00',
    kind: 'call',
    subject: 'subject',
    content: 'content',
    agent: 'agent-7',
    department: 'sales',
    durationSeconds: 90,
    outcome: 'reached',
    outcomeText: 'will think about it',
    threadId: 'thread 1',
    campaignId: 'spring-24',
    interactionId: '0190B6A5-0000-4000-8000-000000000000',
    purpose: 'marketing',
    attributes: { a: { b: [1, 'two', null, true] } },
  };

  it.each('email sms voice chat social meeting web in-person post push other'.split(' '))(
    'takes channel %s',
    async (channel) => {
      await api.accept('/v1/touchpoints', touchpoint({ channel, direction: 'outbound' }));
    },
  );

  it('takes every field and shows it again', async () => {
    const { customerId, eventId, revision } = await api.accept('/v1/touchpoints', touchpoint(everything));
    const { body } = await api.get(`/v1/customers/${customerId}/timeline?waitFor=${revision}`);
    const { purpose: _purpose, ...fields } = everything;
    expect(body.items).toEqual([
      expect.objectContaining({
        ...fields,
        eventId,
        revision,
        occurredAt: '2024-02-29T11:00:00.500Z',
        interactionId: everything.interactionId.toLowerCase(),
        corrections: [],
      }),
    ]);
    const { body: history } = await api.get(`/v1/customers/${customerId}/history?after=0`);
    expect(history.items[0]).toMatchObject({ purpose: 'marketing', type: 'touchpoint-recorded.v1' });
  });

  it('reports, corrects, annotates and redacts one', async () => {
    const { customerId, eventId } = await api.accept('/v1/touchpoints', touchpoint(everything));
    const path = `/v1/touchpoints/${eventId}`;
    const status = { status: 'bounced', code: '5.1.1', detail: 'no such box' };
    await api.accept(`${path}/status`, status);
    await api.accept(`${path}/correction`, { fields: { channel: 'voice', subject: 'new' }, reason: 'typo' });
    await api.accept(`${path}/annotation`, { text: 'note' });
    const { body } = await api.get(`/v1/customers/${customerId}/timeline?waitFor=4`);
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({
      eventId,
      channel: 'voice',
      subject: 'new',
      content: 'content',
      status: 'bounced',
      corrections: [{ eventId: expect.any(String), reason: 'typo' }],
    });
    await api.accept(`${path}/redaction`, { reason: 'asked for' });
    for (const [verb, said] of [
      ['correction', { fields: { subject: 'x' }, reason: 'y' }],
      ['redaction', { reason: 'again' }],
      ['annotation', { text: 'z' }],
    ] as const) {
      expectProblem(await api.post(`${path}/${verb}`, said), 409, 'touchpoint-redacted');
    }
    const { body: after } = await api.get(`/v1/customers/${customerId}/timeline?waitFor=5`);
    expect(after.items[0]).toMatchObject({ eventId, redacted: true, channel: 'voice' });
    const text = JSON.stringify(after.items);
    for (const hidden of ['subject', 'content":', 'will think', 'thread 1', 'no such box', 'typo', 'note']) {
      expect(text).not.toContain(hidden);
    }
    // A status may still come in: the message went out before it was redacted.
    await api.accept(`${path}/status`, { status: 'opened', detail: 'after the redaction' });
    const history = await api.get(`/v1/customers/${customerId}/history`);
    expect(history.text).not.toMatch(/will think|thread 1|no such box|typo|"note"|after the redaction/);
  });

  it('of an id that is none is not there', async () => {
    for (const [route, body] of [
      ['status', { status: 'sent' }],
      ['redaction', { reason: 'asked' }],
      ['annotation', { text: 'x' }],
    ] as const) {
      const answer = await api.post(`/v1/touchpoints/nonsense/${route}`, body);
      expectProblem(answer, 404, 'touchpoint-not-found');
    }
    expectProblem(await api.patch('/v1/customers/nonsense', { name: 'x' }), 404, 'customer-not-found');
    const identifier = { type: 'crm', value: 'x' };
    const linked = await api.post('/v1/customers/nonsense/identifiers', identifier);
    expectProblem(linked, 404, 'customer-not-found');
  });

  it('names a touchpoint by its own event only', async () => {
    const { customerId, eventId, events } = await api.accept('/v1/touchpoints', touchpoint());
    const status = await api.accept(`/v1/touchpoints/${eventId}/status`, { status: 'delivered' });
    const survey = await api.accept('/v1/survey-answers', {
      customer: { id: customerId },
      instrument: 'csat',
      score: 4,
    });
    const bodies = {
      status: { status: 'opened' },
      correction: { fields: { subject: 'x' }, reason: 'y' },
      redaction: { reason: 'x' },
      annotation: { text: 'x' },
    };
    const strangers = [events[0].eventId, status.eventId, survey.eventId, customerId];
    for (const id of [...strangers, '01890000-0000-7000-8000-000000000000']) {
      for (const [verb, body] of Object.entries(bodies)) {
        const answer = await api.post(`/v1/touchpoints/${id}/${verb}`, body);
        expectProblem(answer, 404, 'touchpoint-not-found');
      }
    }
  });
});

describe('purchases', () => {
  it('records one, and refunds it', async () => {
    const customer = somebody();
    const items = [{ sku: 'A', name: 'Tea', quantity: 2, unitPrice: { amount: '-1.50', currency: 'GBP' } }];
    const order = { customer, orderId: 'o 1/2', total: MONEY, items, channel: 'web' };
    const { customerId } = await api.accept('/v1/purchases', order);
    const refund = { customer, amount: { amount: '9.33', currency: 'GBP' }, reason: 'broken' };
    const path = `/v1/purchases/${encodeURIComponent('o 1/2')}/refund`;
    expect(await api.accept(path, refund)).toEqual(receipt({ customerId, revision: 2 }));
    const { body } = await api.get(`/v1/customers/${customerId}/purchases?waitFor=2`);
    expect(body.items).toHaveLength(1);
    expect(body.items[0]).toMatchObject({
      orderId: 'o 1/2',
      total: MONEY,
      refunded: { amount: '9.33', currency: 'GBP' },
      items,
    });
    expect(body.items[0]).not.toHaveProperty('unmatched');
  });

  it('takes the order for a source where there is neither source nor key', async () => {
    const customer = somebody();
    const first = await api.post('/v1/purchases', { customer, orderId: 'X', total: MONEY });
    const again = await api.post('/v1/purchases', { customer, orderId: 'X', total: MONEY });
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = { customer, orderId: 'X', total: { ...MONEY, amount: '1.00' } };
    expectProblem(await api.post('/v1/purchases', other), 422, 'idempotency-key-reused');
    // Another customer's order X is another order.
    const theirs = await api.accept('/v1/purchases', { customer: somebody(), orderId: 'X', total: MONEY });
    expect(theirs.customerId).not.toBe(first.body.customerId);
  });

  it('refuses an order whose name has control characters', async () => {
    const { customer, total } = { customer: somebody(), total: { amount: '1.00', currency: 'EUR' } };
    const answer = await api.post('/v1/purchases', { customer, orderId: 'A\u00001', total });
    expectProblem(answer, 400, 'invalid-body');
    const refund = await api.post('/v1/purchases/%00/refund', { customer, amount: total });
    expectProblem(refund, 400, 'invalid-query');
  });

  it('takes a refund before its purchase, unmatched until that arrives', async () => {
    const customer = somebody();
    const { customerId } = await api.accept('/v1/purchases/late/refund', { customer, amount: MONEY });
    const before = await api.get(`/v1/customers/${customerId}/purchases?waitFor=1`);
    expect(before.body.items).toEqual([
      expect.objectContaining({ orderId: 'late', unmatched: true, refunded: MONEY }),
    ]);
    await api.accept('/v1/purchases', { customer, orderId: 'late', total: MONEY });
    const after = await api.get(`/v1/customers/${customerId}/purchases?waitFor=2`);
    expect(after.body.items).toHaveLength(1);
    expect(after.body.items[0]).toMatchObject({ orderId: 'late', total: MONEY });
    expect(after.body.items[0]).not.toHaveProperty('unmatched');
  });
});

describe('opinions', () => {
  it.each([
    ['csat', 1, 5],
    ['nps', 0, 10],
    ['ces', 1, 7],
    ['cci', 0, 100],
  ])('takes %s from %i to %i', async (instrument, min, max) => {
    const customer = somebody();
    for (const score of [min, max]) {
      await api.accept('/v1/survey-answers', { customer, instrument, score, comment: 'fine' });
    }
    for (const score of [min - 1, max + 1, min + 0.5, String(min)]) {
      const answer = await api.post('/v1/survey-answers', { customer, instrument, score });
      expectProblem(answer, 400, 'invalid-body');
      expect(answer.body.errors[0].pointer).toBe('/score');
    }
  });

  it.each(['complaint', 'suggestion', 'praise'])('takes a %s', async (type) => {
    const answer = await api.accept('/v1/feedback', {
      customer: somebody(),
      type,
      content: 'words',
      channel: 'post',
      rating: 3,
    });
    expect(answer.leafHash).toMatch(LEAF);
    const { body } = await api.get(`/v1/customers/${answer.customerId}/timeline?waitFor=1`);
    expect(body.items[0]).toMatchObject({ kind: 'feedback', content: 'words', rating: 3, channel: 'post' });
  });
});
