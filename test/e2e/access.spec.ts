import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, expectProblem, INSTANT, somebody, touchpoint } from './client';
import type { Answer, Loose } from './client';
import { ROOT, Server } from './server';
import { eventually } from './wait';

jest.setTimeout(60_000);

/** Policy → role → `yes`, `clear`, `masked` or nothing: the table of docs/access.md. */
function accessTable(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const text = readFileSync(join(ROOT, 'docs/access.md'), 'utf8');
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|\s*-/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [, ...roles] = rows[0] ?? [];
  return new Map(
    rows.slice(1).map(([policy = '', ...cells]) => {
      const name = policy.replaceAll('`', '');
      return [name, new Map(roles.map((role, i) => [role, cells[i] ?? '']))];
    }),
  );
}

const TABLE = accessTable();
const ROLES = ['service', 'agent', 'analyst', 'auditor', 'dpo', 'admin'];
const SECRET = 'Quixotic';

let server: Server;
let api: Client;
let told: Loose;
let known: Loose;
let modelId: string;
let segmentId: string;
const clients = new Map<string, Client>();

beforeAll(async () => {
  server = await Server.start();
  api = server.client();
  for (const role of ROLES) clients.set(role, await api.as(role));
  told = (await api.get('/openapi.json')).body;
  const customer = { identifiers: [{ type: 'email', value: `jane@${SECRET}.com` }] };
  const source = { system: 'mail', id: `${SECRET}-source` };
  await api.accept('/v1/customers', {
    ...customer,
    name: `Jane ${SECRET}`,
    attributes: { [SECRET]: SECRET },
  });
  known = await api.accept('/v1/touchpoints', {
    ...touchpoint({ customer, source, subject: SECRET, content: SECRET, outcomeText: SECRET }),
    threadId: SECRET,
    attributes: { [SECRET]: SECRET },
  });
  await api.accept(`/v1/touchpoints/${known.eventId}/status`, {
    status: 'opened',
    code: 'ok',
    detail: SECRET,
  });
  const fix = { fields: { content: `${SECRET} 2` }, reason: SECRET };
  await api.accept(`/v1/touchpoints/${known.eventId}/correction`, fix);
  await api.accept(`/v1/touchpoints/${known.eventId}/annotation`, { text: SECRET });
  const total = { amount: '12.00', currency: 'EUR' };
  const items = [{ sku: 'sku-1', name: SECRET, quantity: 1 }];
  await api.accept('/v1/purchases', { customer, orderId: `${SECRET}-order`, total, items });
  const refund = { customer, amount: total, reason: SECRET };
  await api.accept(`/v1/purchases/${SECRET}-order/refund`, refund);
  await api.accept('/v1/survey-answers', { customer, instrument: 'nps', score: 9, comment: SECRET });
  const last = await api.accept('/v1/feedback', { customer, type: 'praise', content: SECRET });
  await api.get(`/v1/customers/${last.customerId}?waitFor=${last.revision}`);
  const asOf = new Date(Date.now() + 3_600_000).toISOString();
  modelId = (await api.accept('/v1/models', { kind: 'rfm', asOf })).modelId;
  const { body } = await api.post(`/v1/models/${modelId}/activate`);
  segmentId = await eventually('the model is active', async () => {
    await api.get(`/v1/rebuilds/${body.rebuildId}`);
    const segments = await api.get('/v1/segments');
    return segments.body.items.find(({ size }: Loose) => size > 0)?.segmentId;
  });
});
afterAll(() => server.dispose());

const total = { amount: '1.00', currency: 'EUR' };
let count = 0;

/** A good request of each route. Whoever mounts a route adds it here. */
const REQUESTS: Readonly<Record<string, (client: Client) => Promise<Answer>>> = {
  'POST /v1/customers': (c) => c.post('/v1/customers', somebody()),
  'PATCH /v1/customers/{customerId}': (c) =>
    c.patch(`/v1/customers/${known.customerId}`, { name: `Jane ${SECRET}` }),
  'POST /v1/customers/{customerId}/identifiers': (c) =>
    c.post(`/v1/customers/${known.customerId}/identifiers`, { type: 'crm', value: `acc-${count++}` }),
  'POST /v1/customers/{customerId}/identifiers/unlink': async (c) => {
    const { identifiers } = somebody();
    await api.accept(`/v1/customers/${known.customerId}/identifiers`, identifiers[0]);
    return c.post(`/v1/customers/${known.customerId}/identifiers/unlink`, identifiers[0]);
  },
  'POST /v1/touchpoints': (c) => c.post('/v1/touchpoints', touchpoint()),
  'POST /v1/touchpoints/{eventId}/status': (c) => about(c, 'status', { status: 'opened' }),
  'POST /v1/touchpoints/{eventId}/correction': (c) =>
    about(c, 'correction', { fields: { subject: 'x' }, reason: 'x' }),
  'POST /v1/touchpoints/{eventId}/redaction': (c) => about(c, 'redaction', { reason: 'x' }),
  'POST /v1/touchpoints/{eventId}/annotation': (c) => about(c, 'annotation', { text: 'x' }),
  'POST /v1/purchases': (c) => c.post('/v1/purchases', { customer: somebody(), orderId: 'a', total }),
  'POST /v1/purchases/{orderId}/refund': (c) =>
    c.post('/v1/purchases/a/refund', { customer: somebody(), amount: total }),
  'POST /v1/survey-answers': (c) =>
    c.post('/v1/survey-answers', { customer: somebody(), instrument: 'nps', score: 1 }),
  'POST /v1/feedback': (c) => c.post('/v1/feedback', { customer: somebody(), type: 'praise', content: 'x' }),
  'POST /v1/bulk': (c) => c.bulk([{ command: 'touchpoint', ...touchpoint() }]),
  'POST /v1/keys': (c) => c.post('/v1/keys', { name: 'x', roles: ['analyst'] }),
  'GET /v1/keys': (c) => c.get('/v1/keys'),
  'DELETE /v1/keys/{keyId}': async (c) => {
    const made = await api.post('/v1/keys', { name: 'x', roles: ['analyst'] });
    return c.ask('DELETE', `/v1/keys/${made.body.keyId}`);
  },
  'POST /v1/customers/lookup': (c) =>
    c.post('/v1/customers/lookup', { identifier: { type: 'email', value: `jane@${SECRET}.com` } }),
  'GET /v1/customers': (c) => c.get('/v1/customers?sort=-loyalty'),
  'GET /v1/customers/{customerId}/loyalty': (c) => c.get(`/v1/customers/${known.customerId}/loyalty`),
  'GET /v1/customers/{customerId}/state': (c) => c.get(`/v1/customers/${known.customerId}/state?at=9`),
  'GET /v1/customers/{customerId}/diff': (c) => c.get(`/v1/customers/${known.customerId}/diff?from=1&to=9`),
  'GET /v1/segments': (c) => c.get('/v1/segments'),
  'GET /v1/segments/{segmentId}': (c) => c.get(`/v1/segments/${segmentId}`),
  'GET /v1/segments/{segmentId}/members': (c) => c.get(`/v1/segments/${segmentId}/members`),
  'GET /v1/segments/{segmentId}/history': (c) => c.get(`/v1/segments/${segmentId}/history`),
  'GET /v1/models': (c) => c.get('/v1/models'),
  'GET /v1/models/{modelId}': (c) => c.get(`/v1/models/${modelId}`),
  'POST /v1/models': (c) => c.post('/v1/models', { kind: 'rfm', asOf: new Date().toISOString() }),
  'POST /v1/models/{modelId}/activate': (c) => whenFree(() => c.post(`/v1/models/${modelId}/activate`)),
  'GET /v1/metrics/contacts': (c) => c.get('/v1/metrics/contacts?by=month,channel'),
  'GET /v1/metrics/satisfaction': (c) => c.get('/v1/metrics/satisfaction?by=month'),
  'POST /v1/projections/{name}/rollback': (c) => whenFree(() => c.post('/v1/projections/profile/rollback')),
  'POST /v1/projections/{name}/retry': (c) => whenFree(() => c.post('/v1/projections/all/retry')),
  'GET /v1/customers/{customerId}': (c) => c.get(`/v1/customers/${known.customerId}`),
  'GET /v1/customers/{customerId}/timeline': (c) => c.get(`/v1/customers/${known.customerId}/timeline`),
  'GET /v1/customers/{customerId}/purchases': (c) => c.get(`/v1/customers/${known.customerId}/purchases`),
  'GET /v1/customers/{customerId}/history': (c) => c.get(`/v1/customers/${known.customerId}/history`),
  'GET /v1/events/{eventId}': (c) => c.get(`/v1/events/${known.eventId}`),
  'GET /v1/feed': feedHead,
  'GET /v1/projections': (c) => c.get('/v1/projections'),
  'POST /v1/projections/{name}/rebuild': (c) => whenFree(() => c.post('/v1/projections/profile/rebuild')),
  'GET /v1/rebuilds/{rebuildId}': async (c) => {
    const begun = await whenFree(() => api.post('/v1/projections/profile/rebuild'));
    return c.get(`/v1/rebuilds/${begun.body.rebuildId}`);
  },
  'POST /v1/verifications': (c) => whenFree(() => c.post('/v1/verifications', { scope: 'ledger' })),
  'GET /v1/verifications/{verificationId}': async (c) => {
    const begun = await whenFree(() => api.post('/v1/verifications', { scope: 'ledger' }));
    return c.get(`/v1/verifications/${begun.body.verificationId}`);
  },
  'GET /openapi.json': (c) => c.get('/openapi.json'),
  'GET /asyncapi.json': (c) => c.get('/asyncapi.json'),
  'GET /metrics': (c) => c.get('/metrics'),
};

async function about(client: Client, verb: string, body: unknown): Promise<Answer> {
  const made = await api.accept('/v1/touchpoints', touchpoint());
  return client.post(`/v1/touchpoints/${made.eventId}/${verb}`, body);
}

/** One long task at a time: a busy server is asked again. */
function whenFree(ask: () => Promise<Answer>): Promise<Answer> {
  return eventually('no task runs', async () => {
    const answer = await ask();
    return answer.status === 409 ? undefined : answer;
  });
}

/** The head of an answer that has no end. */
async function feedHead(client: Client): Promise<Answer> {
  const leave = new AbortController();
  const headers: Record<string, string> =
    client.key === undefined ? {} : { authorization: `Bearer ${client.key}` };
  const response = await fetch(`${client.url}/v1/feed`, { headers, signal: leave.signal });
  const text = response.status === 200 ? '' : await response.text();
  leave.abort();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, text, body };
}

function operations(): (readonly [string, string | undefined])[] {
  return Object.entries<Loose>(told.paths).flatMap(([path, item]) =>
    Object.entries<Loose>(item).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation['x-policy']] as const,
    ),
  );
}

describe('docs/access.md, cell by cell', () => {
  it('knows a request of every route that has a policy, and a policy of every such route', () => {
    const guarded = operations().filter(([, policy]) => policy !== undefined);
    expect(guarded.map(([route]) => route).toSorted()).toEqual(Object.keys(REQUESTS).toSorted());
    for (const [, policy] of guarded) expect([...TABLE.keys()]).toContain(policy);
    const open = operations().filter(([, policy]) => policy === undefined);
    for (const [route] of open) expect(route).toMatch(/^GET \/(health\/|docs)/);
  });

  it.each(Object.keys(REQUESTS))('%s', async (route) => {
    const policy = operations().find(([name]) => name === route)?.[1] ?? '';
    const ask = REQUESTS[route] ?? ((c: Client) => c.get('/'));
    for (const role of ROLES) {
      const client = clients.get(role) ?? api;
      const answer = await ask(client);
      const access = TABLE.get(policy)?.get(role);
      const seen = answer.status < 300 ? 'let in' : `${answer.status} ${answer.body?.code}`;
      expect([role, seen]).toEqual([role, access === '' ? '403 forbidden' : 'let in']);
    }
    expectProblem(await ask(new Client(server.url, undefined)), 401, 'unauthenticated');
    expectProblem(await ask(new Client(server.url, `${api.key}x`)), 401, 'unauthenticated');
  });

  it('an admin, who may read segments, may read who moved between them, and nothing of who they are', async () => {
    const admin = clients.get('admin') ?? api;
    const moves = await admin.get(`/v1/segments/${segmentId}/history`);
    expect(moves.status).toBe(200);
    for (const move of moves.body.items) {
      expect(Object.keys(move).toSorted()).toEqual(['at', 'change', 'customerId', 'eventId', 'other']);
    }
    expect(moves.body.items.length).toBeGreaterThan(0);
    expectProblem(await admin.get(`/v1/segments/${segmentId}/members`), 403, 'forbidden');
  });

  it('an analyst is shown the codes and instants of an entry', async () => {
    const analyst = clients.get('analyst') ?? api;
    const { body } = await analyst.get(`/v1/customers/${known.customerId}/timeline`);
    const entry = (kind: string): Loose => body.items.find((item: Loose) => item.kind === kind);
    expect(entry('feedback')).toMatchObject({ feedbackType: 'praise' });
    expect(entry('message')).toMatchObject({
      status: 'opened',
      statusCode: 'ok',
      statusAt: expect.stringMatching(INSTANT),
    });
  });

  it('a key with several roles may do what each of them may, in the clearest way', async () => {
    const both = await api.as('analyst', 'service', 'auditor');
    const profile = await both.get(`/v1/customers/${known.customerId}`);
    expect(profile.body.name).toBe(`Jane ${SECRET}`);
    expect((await both.post('/v1/touchpoints', touchpoint())).status).toBe(201);
    expectProblem(await both.get('/v1/keys'), 403, 'forbidden');
  });

  it('the local token and no other string of the data directory is a key', async () => {
    const local = new Client(server.url, server.token);
    expect((await local.get('/v1/keys')).status).toBe(200);
  });
});

describe('masked', () => {
  const paths = ['', '/timeline', '/timeline?order=asc&limit=3', '/purchases', '/state?at=9'];

  it.each(paths)('%s shows an analyst nothing of what was said or who it is', async (path) => {
    const analyst = clients.get('analyst') ?? api;
    const masked = await analyst.get(`/v1/customers/${known.customerId}${path}`);
    const clear = await api.get(`/v1/customers/${known.customerId}${path}`);
    expect(clear.text).toContain(SECRET);
    expect(masked.status).toBe(200);
    expect(masked.text).not.toMatch(new RegExp(SECRET, 'i'));
    expect(masked.headers.get('touchstone-revision')).toBe(clear.headers.get('touchstone-revision'));
    expect(masked.body.items?.length).toBe(clear.body.items?.length);
  });

  it('a list of customers shows an analyst nobody’s name, and is not searched by one', async () => {
    const analyst = clients.get('analyst') ?? api;
    expect((await api.get('/v1/customers')).text).toContain(SECRET);
    const masked = await analyst.get('/v1/customers');
    expect(masked.body.items.map(({ customerId }: Loose) => customerId)).toContain(known.customerId);
    expect(masked.text).not.toMatch(new RegExp(SECRET, 'i'));
    expectProblem(await analyst.get(`/v1/customers?q=${SECRET}`), 403, 'forbidden');
    const changes = await analyst.get(`/v1/customers/${known.customerId}/diff?from=0&to=99`);
    expect(changes.status).toBe(200);
    expect(changes.text).not.toMatch(new RegExp(SECRET, 'i'));
  });

  it('keeps the shape: names and identifiers as initials or last four', async () => {
    const analyst = clients.get('analyst') ?? api;
    const { body } = await analyst.get(`/v1/customers/${known.customerId}`);
    expect(body).toMatchObject({
      customerId: known.customerId,
      name: 'J*** Q***',
      counts: { byChannel: { chat: 1 } },
      purchases: { count: 1 },
    });
    expect(body.identifiers).toContainEqual({ type: 'email', value: 'j***@Q***.com' });
    const timeline = await analyst.get(`/v1/customers/${known.customerId}/timeline`);
    const kinds = timeline.body.items.map(({ kind }: Loose) => kind);
    expect(new Set(kinds)).toEqual(new Set(['feedback', 'survey-answer', 'refund', 'purchase', 'message']));
    const hidden = ['subject', 'content', 'outcomeText', 'threadId', 'attributes', 'comment', 'reason'];
    for (const entry of timeline.body.items) {
      for (const name of [...hidden, 'sourceId', 'annotations', 'statusDetail', 'detail']) {
        expect(entry).not.toHaveProperty(name);
      }
    }
    const purchases = await analyst.get(`/v1/customers/${known.customerId}/purchases`);
    expect(purchases.body.items[0]).toMatchObject({ orderId: '***rder', total: { amount: '12.00' } });
  });

  it('refuses q', async () => {
    const analyst = clients.get('analyst') ?? api;
    const answer = await analyst.get(`/v1/customers/${known.customerId}/timeline?q=${SECRET}`);
    expectProblem(answer, 403, 'forbidden');
    const empty = await analyst.get(`/v1/customers/${known.customerId}/timeline?q=`);
    expect([400, 403]).toContain(empty.status);
  });

  it('lookup by an identifier shows the analyst no more', async () => {
    const analyst = clients.get('analyst') ?? api;
    const identifier = { type: 'email', value: `jane@${SECRET}.com` };
    const { text, status } = await analyst.post('/v1/customers/lookup', { identifier });
    expect(status).toBe(200);
    expect(text).not.toContain(SECRET);
  });
});

describe('a key', () => {
  it('that is revoked is refused at once', async () => {
    const { body } = await api.post('/v1/keys', { name: 'short', roles: ['analyst'] });
    const short = new Client(server.url, body.key);
    expect((await short.get('/v1/projections')).status).toBe(200);
    await api.ask('DELETE', `/v1/keys/${body.keyId}`);
    expectProblem(await short.get('/v1/projections'), 401, 'unauthenticated');
  });

  it('expires by itself', async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const { body } = await api.post('/v1/keys', { name: 'brief', roles: ['analyst'], expiresAt });
    expect(body.expiresAt).toBe(expiresAt);
    const brief = new Client(server.url, body.key);
    expect((await brief.get('/v1/projections')).status).toBe(200);
    const refused = await eventually('the key expires', async () => {
      const answer = await brief.get('/v1/projections');
      return answer.status === 200 ? undefined : answer;
    });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expectProblem(refused, 401, 'unauthenticated');
  });

  it('is who wrote: every event names it', async () => {
    const { body } = await api.post('/v1/keys', { name: 'writer', roles: ['service'] });
    const made = await new Client(server.url, body.key).accept('/v1/touchpoints', touchpoint());
    const { body: history } = await api.get(`/v1/customers/${made.customerId}/history`);
    for (const { actor } of history.items) expect(actor).toEqual({ kind: 'service', id: body.keyId });
  });
});
