import { Client, expectProblem, somebody, touchpoint } from './client';
import type { Loose } from './client';
import { JOURNEY_TIMEOUT_MS, startLedger } from './ledger-under-test';
import type { LedgerUnderTest } from './ledger-under-test';

jest.setTimeout(JOURNEY_TIMEOUT_MS);

let server: LedgerUnderTest;
let api: Client;
let known: Loose;

beforeAll(async () => {
  server = await startLedger();
  api = server.client();
  known = await api.accept('/v1/touchpoints', touchpoint());
});
afterAll(() => server.dispose());

describe('If-Match', () => {
  it('lets a command through at its revision and answers 412 at any other', async () => {
    const { customerId, revision } = await api.accept('/v1/touchpoints', touchpoint());
    const path = `/v1/customers/${customerId}`;
    const at = (n: number): Record<string, string> => ({ 'if-match': `"${n}"` });
    for (const wrong of [0, revision - 1, revision + 1, 2 ** 53 - 1]) {
      const answer = await api.patch(path, { name: 'A' }, at(wrong));
      expectProblem(answer, 412, 'revision-mismatch');
      expect(answer.body.revision).toBe(revision);
    }
    const changed = await api.patch(path, { name: 'A' }, at(revision));
    expect([changed.status, changed.body.revision]).toEqual([201, revision + 1]);
    expectProblem(await api.patch(path, { name: 'B' }, at(revision)), 412, 'revision-mismatch');
    const customer = { id: customerId };
    expectProblem(
      await api.post('/v1/touchpoints', touchpoint({ customer }), at(0)),
      412,
      'revision-mismatch',
    );
    expect((await api.post('/v1/touchpoints', touchpoint({ customer }), at(revision + 1))).status).toBe(201);
  });

  it('lets exactly one of many at the same revision through', async () => {
    const { customerId, revision } = await api.accept('/v1/touchpoints', touchpoint());
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        api.patch(`/v1/customers/${customerId}`, { name: `N${i}` }, { 'if-match': `"${revision}"` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(29);
  });

  it.each(['1', 'W/"1"', '*', '"x"', '"1", "2"', '"-1"', '"01"', '"1.0"', '"99999999999999999999"'])(
    'refuses %s',
    async (tag) => {
      const answer = await api.patch(`/v1/customers/${known.customerId}`, { name: 'x' }, { 'if-match': tag });
      expectProblem(answer, 400, 'invalid-header');
    },
  );
});

describe('waitFor', () => {
  it('waits for a write that is on its way, on every customer-scoped query', async () => {
    const { customerId, revision } = await api.accept('/v1/touchpoints', touchpoint());
    for (const [i, rest] of ['', '/timeline', '/purchases', '/history'].entries()) {
      const target = revision + 1 + i;
      const asked = api.get(`/v1/customers/${customerId}${rest}?waitFor=${target}&waitMs=10000`);
      await api.accept('/v1/touchpoints', touchpoint({ customer: { id: customerId } }));
      const answer = await asked;
      expect([rest, answer.status, answer.headers.get('touchstone-stale')]).toEqual([rest, 200, null]);
      expect(Number(answer.headers.get('touchstone-revision'))).toBeGreaterThanOrEqual(target);
    }
  });

  it('reads every write by its token', async () => {
    const customer = somebody();
    for (let i = 1; i <= 40; i++) {
      const { customerId, revision, eventId } = await api.accept('/v1/touchpoints', touchpoint({ customer }));
      const { body, headers } = await api.get(
        `/v1/customers/${customerId}/timeline?waitFor=${revision}&limit=1`,
      );
      expect([headers.get('touchstone-stale'), body.items[0].eventId]).toEqual([null, eventId]);
    }
  });

  it('says that it was not reached in time', async () => {
    const path = `/v1/customers/${known.customerId}`;
    for (const rest of ['', '/timeline', '/purchases', '/history']) {
      const begun = Date.now();
      const answer = await api.get(`${path}${rest}?waitFor=99999&waitMs=150`);
      const tookMs = Date.now() - begun;
      expect([rest, answer.status, answer.headers.get('touchstone-stale')]).toEqual([rest, 200, 'true']);
      expect(Number(answer.headers.get('touchstone-revision'))).toBeLessThan(99_999);
      expect(tookMs).toBeGreaterThanOrEqual(140);
      expect(tookMs).toBeLessThan(5_000);
      const atOnce = await api.get(`${path}${rest}?waitFor=99999&waitMs=0`);
      expect(atOnce.headers.get('touchstone-stale')).toBe('true');
    }
  });

  it.each(['waitFor=-1', 'waitFor=x', 'waitFor=1.5', 'waitFor=1&waitMs=10001', 'waitFor=1&waitMs=-1'])(
    'refuses ?%s',
    async (query) => {
      const path = `/v1/customers/${known.customerId}`;
      for (const rest of ['', '/timeline', '/purchases', '/history']) {
        expectProblem(await api.get(`${path}${rest}?${query}`), 400, 'invalid-query');
      }
    },
  );
});

describe('occurredAt', () => {
  const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

  it('may be at most 24 hours ahead, on every command that has one', async () => {
    const customer = somebody();
    const total = { amount: '1', currency: 'EUR' };
    const commands: readonly (readonly [string, Record<string, unknown>])[] = [
      ['/v1/touchpoints', touchpoint()],
      [`/v1/touchpoints/${known.eventId}/status`, { status: 'opened' }],
      ['/v1/purchases', { customer, orderId: 'f', total }],
      ['/v1/purchases/f/refund', { customer, amount: total }],
      ['/v1/survey-answers', { customer, instrument: 'nps', score: 1 }],
      ['/v1/feedback', { customer, type: 'praise', content: 'x' }],
    ];
    for (const [path, body] of commands) {
      const ahead = await api.post(path, { ...body, occurredAt: inHours(24.1) });
      expectProblem(ahead, 422, 'occurred-in-future');
      const near = await api.post(path, { ...body, occurredAt: inHours(23.9) });
      expect([path, near.status]).toEqual([path, 201]);
    }
    const fix = { fields: { occurredAt: inHours(25) }, reason: 'x' };
    expectProblem(
      await api.post(`/v1/touchpoints/${known.eventId}/correction`, fix),
      422,
      'occurred-in-future',
    );
  });

  it.each([
    '2024-02-30T00:00:00Z',
    '2024-01-01',
    '2024-01-01T00:00:00',
    'now',
    '',
    1_700_000_000,
    null,
    true,
  ])('refuses %j', async (occurredAt) => {
    const answer = await api.post('/v1/touchpoints', touchpoint({ occurredAt }));
    expectProblem(answer, 400, 'invalid-body');
    expect(answer.body.errors).toEqual([{ pointer: '/occurredAt', message: expect.any(String) }]);
  });

  it.each([
    ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2024-02-29T23:30:00.123456789-01:30', '2024-03-01T01:00:00.123Z'],
    ['2016-12-31t23:59:59z', '2016-12-31T23:59:59.000Z'],
  ])('takes %s as %s', async (occurredAt, told) => {
    const { customerId } = await api.accept('/v1/touchpoints', touchpoint({ occurredAt }));
    const { body } = await api.get(`/v1/customers/${customerId}/timeline?waitFor=1`);
    expect(body.items[0].occurredAt).toBe(told);
  });
});

describe('bodies', () => {
  it('names every fault by its pointer', async () => {
    const answer = await api.post('/v1/touchpoints', {
      customer: { identifiers: [{ type: 'crm', value: 'x' }, { type: 'E-Mail' }] },
      channel: 'pigeon',
      'a/b~c': 1,
      source: { system: 'S', id: '' },
    });
    expectProblem(answer, 400, 'invalid-body');
    const pointers = answer.body.errors.map(({ pointer }: Loose) => pointer);
    expect(pointers.toSorted()).toEqual([
      '/a~1b~0c',
      '/channel',
      '/customer/identifiers/1/type',
      '/customer/identifiers/1/value',
      '/direction',
      '/source/id',
      '/source/system',
    ]);
    expect(answer.text).not.toContain('pigeon');
  });

  it('refuses unknown fields on every command', async () => {
    const { customerId: id, eventId } = known;
    const customer = { id };
    const total = { amount: '1', currency: 'EUR' };
    const commands: readonly (readonly [string, string, Record<string, unknown>])[] = [
      ['POST', '/v1/customers', somebody()],
      ['PATCH', `/v1/customers/${id}`, { name: 'x' }],
      ['POST', `/v1/customers/${id}/identifiers`, { type: 'crm', value: 'new' }],
      ['POST', `/v1/customers/${id}/identifiers/unlink`, { type: 'crm', value: 'new' }],
      ['POST', '/v1/touchpoints', touchpoint()],
      ['POST', `/v1/touchpoints/${eventId}/status`, { status: 'x' }],
      ['POST', `/v1/touchpoints/${eventId}/correction`, { fields: { subject: 'x' }, reason: 'x' }],
      ['POST', `/v1/touchpoints/${eventId}/redaction`, { reason: 'x' }],
      ['POST', `/v1/touchpoints/${eventId}/annotation`, { text: 'x' }],
      ['POST', '/v1/purchases', { customer, orderId: 'u', total }],
      ['POST', '/v1/purchases/u/refund', { customer, amount: total }],
      ['POST', '/v1/survey-answers', { customer, instrument: 'nps', score: 1 }],
      ['POST', '/v1/feedback', { customer, type: 'praise', content: 'x' }],
      ['POST', '/v1/customers/lookup', { identifier: { type: 'crm', value: 'x' } }],
      ['POST', '/v1/keys', { name: 'x', roles: ['agent'] }],
    ];
    for (const [method, path, body] of commands) {
      for (const [name, more] of [
        ['/unknown', { unknown: 1 }],
        ['/customerId', { customerId: id }],
        ['/origin', { origin: {} }],
      ] as const) {
        const answer = await api.ask(method, path, { body: { ...body, ...more } });
        expectProblem(answer, 400, 'invalid-body');
        expect(answer.body.errors).toEqual([{ pointer: name, message: expect.any(String) }]);
      }
      for (const raw of ['[]', 'null', '"x"', '7', '[{}]', '{']) {
        const answer = await api.ask(method, path, { raw });
        expect([path, raw, answer.status]).toEqual([path, raw, 400]);
      }
      expect([path, (await api.ask(method, path)).status]).toEqual([path, 400]);
    }
  });

  it('refuses null where nothing is meant', async () => {
    const answer = await api.post('/v1/touchpoints', touchpoint({ subject: null }));
    expectProblem(answer, 400, 'invalid-body');
  });
});

describe('queries', () => {
  it('refuses unknown and repeated parameters everywhere', async () => {
    const { customerId: id, eventId } = known;
    const paths = [
      `/v1/customers/${id}`,
      `/v1/customers/${id}/timeline`,
      `/v1/customers/${id}/purchases`,
      `/v1/customers/${id}/history`,
      `/v1/events/${eventId}`,
      '/v1/feed',
      '/v1/projections',
      '/v1/keys',
    ];
    for (const path of paths) {
      const answer = await api.get(`${path}?unknown=1`);
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'invalid-query']);
    }
    for (const query of ['limit=1&limit=2', 'limit=0', 'limit=501', 'limit=x', 'limit=1e2', 'limit=']) {
      expectProblem(await api.get(`/v1/customers/${id}/timeline?${query}`), 400, 'invalid-query');
    }
    for (const path of ['/v1/touchpoints', '/v1/customers/lookup', '/v1/bulk']) {
      const headers: Record<string, string> =
        path === '/v1/bulk' ? { 'content-type': 'application/x-ndjson' } : {};
      const answer = await api.ask('POST', `${path}?unknown=1`, { raw: '{}', headers });
      expect([path, answer.status]).toEqual([path, 400]);
    }
  });

  it('refuses cursors that it did not give out for this query', async () => {
    const customer = somebody();
    let id = '';
    for (let i = 0; i < 4; i++) {
      ({ customerId: id } = await api.accept('/v1/touchpoints', touchpoint({ customer })));
    }
    await api.get(`/v1/customers/${id}?waitFor=4`);
    for (const rest of ['timeline', 'history']) {
      const { body } = await api.get(`/v1/customers/${id}/${rest}?limit=2`);
      const good: string = body.next;
      expect(typeof good).toBe('string');
      const path = `/v1/customers/${id}/${rest}?limit=2&cursor=`;
      expect((await api.get(path + encodeURIComponent(good))).status).toBe(200);
      const flipped = good.slice(0, -2) + (good.at(-2) === 'A' ? 'B' : 'A') + good.slice(-1);
      for (const bad of [
        flipped,
        'x',
        'null',
        'e30',
        'W10',
        good + good,
        `${good}!!!`,
        `${good}=`,
        ` ${good}`,
        '%00',
        "' OR 1=1",
      ]) {
        const answer = await api.get(path + encodeURIComponent(bad));
        expect([rest, bad, answer.status, answer.body.code]).toEqual([rest, bad, 400, 'invalid-cursor']);
      }
      if (rest === 'timeline') {
        const other = `/v1/customers/${known.customerId}/${rest}?cursor=${encodeURIComponent(good)}`;
        expectProblem(await api.get(other), 400, 'invalid-cursor');
        expectProblem(await api.get(`${path}${encodeURIComponent(good)}&order=asc`), 400, 'invalid-cursor');
      }
      const longest = await api.get(path + 'a'.repeat(5_000));
      expect(longest.status).toBe(400);
    }
  });
});

describe('errors without a command', () => {
  it('are problems, too', async () => {
    expectProblem(await api.get('/nothing'), 404, 'not-found');
    expectProblem(await api.get('/v1/customers/x/y'), 404, 'not-found');
    const method = await api.ask('PUT', '/v1/touchpoints', { body: {} });
    expectProblem(method, 405, 'method-not-allowed');
    expect(method.headers.get('allow')).toBe('POST');
    for (const key of [undefined, '', 'x', 'ts_live_aaaaaaaa_bbbb_cccc', 'x'.repeat(5_000)]) {
      const answer = await new Client(server.url, key).get('/v1/keys');
      expectProblem(answer, 401, 'unauthenticated');
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
    expectProblem(await api.ask('POST', '/v1/touchpoints', { raw: '{' }), 400, 'malformed-body');
    const text = { 'content-type': 'text/plain' };
    expectProblem(
      await api.ask('POST', '/v1/touchpoints', { raw: '{}', headers: text }),
      415,
      'unsupported-media-type',
    );
    const id = 'x'.repeat(4_000);
    expectProblem(await api.get(`/v1/customers/${id}`), 414, 'uri-too-long');
  });

  it('repeat a good request id and no other', async () => {
    const given = await api.get('/nothing', { 'x-request-id': 'my-id_1.2' });
    expect(given.headers.get('x-request-id')).toBe('my-id_1.2');
    const bad = await api.get('/nothing', { 'x-request-id': 'a b<script>' });
    expect(bad.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('what a route does not take', () => {
  const id = '01890000-0000-7000-8000-000000000000';
  const bodiless = [
    '/v1/projections/timeline/retry',
    '/v1/projections/timeline/rebuild',
    '/v1/projections/timeline/rollback',
    '/v1/projections/all/retry',
    '/v1/projections/all/rebuild',
    '/v1/projections/all/rollback',
    `/v1/models/${id}/activate`,
  ];

  it.each(bodiless)('POST %s takes no fields', async (path) => {
    for (const body of [{ x: 1 }, [], 'x', null]) {
      const answer = await api.post(path, body);
      expectProblem(answer, 400, 'invalid-body');
      expect(answer.body.errors).toHaveLength(1);
    }
    expect((await api.post(path, { 'a/b': 1 })).body.errors[0].pointer).toBe('/a~1b');
  });

  it('a missing body and an empty object are the same', async () => {
    for (const body of [undefined, {}]) {
      const answer = await api.post(`/v1/models/${id}/activate`, body);
      expectProblem(answer, 404, 'model-not-found');
    }
  });

  it('a key is not revoked by a request that is refused', async () => {
    const before = (await api.get('/v1/keys')).body.items;
    const [{ keyId }] = before;
    const revoked = await api.ask('DELETE', `/v1/keys/${keyId}`, { body: { x: 1 } });
    expectProblem(revoked, 400, 'invalid-body');
    expect((await api.get('/v1/keys')).body.items).toEqual(before);
  });
});
