import { expectProblem, INSTANT, somebody, touchpoint, UUID_V7 } from './client';
import type { Client, Loose } from './client';
import { Feed } from './feed';
import { JOURNEY_TIMEOUT_MS, startLedger } from './ledger-under-test';
import type { LedgerUnderTest } from './ledger-under-test';
import { eventually } from './wait';

jest.setTimeout(JOURNEY_TIMEOUT_MS);

const CUSTOMERS = 25;
const AS_OF = '2024-01-01T00:00:00.000Z';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Bought {
  readonly customerId: string;
  readonly recency: number;
  readonly frequency: number;
  readonly cents: number;
}

let server: LedgerUnderTest;
let api: Client;
let bought: readonly Bought[];
let last: Loose;
let model: Loose;

beforeAll(async () => {
  server = await startLedger();
  api = server.client();
  bought = await Promise.all(Array.from({ length: CUSTOMERS }, (_, n) => buyer(n)));
  // One who only talks, and one who buys later: neither belongs to the population.
  await api.accept('/v1/touchpoints', touchpoint({ customer: somebody() }));
  last = await buy(somebody(), 'later', 7, '2024-06-01T12:00:00.000Z');
});
afterAll(() => server.dispose());

function buy(customer: Loose, orderId: string, cents: number, occurredAt: string): Promise<Loose> {
  const total = { amount: (cents / 100).toFixed(2), currency: 'EUR' };
  return api.accept('/v1/purchases', { customer, orderId, total, occurredAt });
}

/** Buys some times, the last time some days before, and gives a little of it back. */
async function buyer(n: number): Promise<Bought> {
  const customer = somebody();
  const [recency, frequency, cents] = [
    1 + ((n * 7) % CUSTOMERS),
    1 + ((n * 3) % 6),
    1_000 + ((n * 13) % 17) * 250,
  ];
  let customerId = '';
  for (let i = 0; i < frequency; i++) {
    // Noon of a day before: a whole day of the calendar, though less than that on the clock.
    const at = new Date(Date.parse(AS_OF) - recency * DAY_MS + 12 * HOUR_MS - i * 9 * DAY_MS);
    ({ customerId } = await buy(customer, `o-${n}-${i}`, cents, at.toISOString()));
  }
  const amount = { amount: '1.50', currency: 'EUR' };
  const refunded = { customer, amount, occurredAt: '2023-12-31T23:00:00.000Z' };
  await api.accept(`/v1/purchases/o-${n}-0/refund`, refunded);
  return { customerId, recency, frequency, cents: frequency * cents - 150 };
}

/** What the words come to, in other words than the product's. */
function expected({ parameters }: Loose): ReadonlyMap<string, string> {
  const below = (edges: readonly number[], value: number): number => edges.filter((e) => e < value).length;
  const quintiles = (values: readonly number[]): number[] => {
    const sorted = values.toSorted((a, b) => a - b);
    return [0.2, 0.4, 0.6, 0.8].map((p) => sorted[Math.ceil(p * sorted.length - 1e-9) - 1] ?? 0);
  };
  const r = quintiles(bought.map(({ recency }) => recency));
  const f = quintiles(bought.map(({ frequency }) => frequency));
  const m = quintiles(bought.map(({ cents }) => cents));
  expect(parameters.edges.recency).toEqual(r);
  expect(parameters.edges.frequency).toEqual(f);
  expect(parameters.edges.monetary.map(Number)).toEqual(m.map((cents) => cents / 100));
  const segments = bought.map(({ customerId, recency, frequency, cents }): [string, string] => {
    const cell = `${5 - below(r, recency)}${1 + below(f, frequency)}${1 + below(m, cents)}`;
    return [customerId, parameters.table[cell]];
  });
  return new Map(segments);
}

async function activate(modelId: string): Promise<Loose> {
  return api.ended(await api.begin(`/v1/models/${modelId}/activate`));
}

async function allMembers(): Promise<Loose[]> {
  const { items } = (await api.get('/v1/segments')).body;
  const pages = items.map(async ({ segmentId, size }: Loose) => {
    const members = await api.all(`/v1/segments/${segmentId}/members?limit=3`);
    expect([segmentId, members.length]).toEqual([segmentId, size]);
    return members.map((member) => ({ ...member, segmentId }));
  });
  return (await Promise.all(pages)).flat();
}

it('before a model is active there are no segments', async () => {
  expect((await api.get('/v1/segments')).body).toEqual({ items: [], next: null });
  expectProblem(await api.get('/v1/segments/champions'), 404, 'segment-not-found');
  const profile = await api.get(`/v1/customers/${bought[0]?.customerId}?waitFor=2`);
  expect(profile.body.segments).toEqual([]);
});

it('a model is fitted to who had bought by then, and is the same again for the same key', async () => {
  const body = { kind: 'rfm', asOf: AS_OF };
  const fitted = await api.post('/v1/models', body, { 'Idempotency-Key': 'fit-1' });
  expect(fitted.status).toBe(201);
  model = fitted.body;
  expect(model).toMatchObject({ modelId: expect.stringMatching(UUID_V7), kind: 'rfm', asOf: AS_OF });
  expect(model.parameters).toMatchObject({ currency: 'EUR', population: CUSTOMERS });
  expect(model.parameters.through).toBeGreaterThanOrEqual(last.position);
  expect(Object.keys(model.parameters.table)).toHaveLength(125);
  const again = await api.post('/v1/models', body, { 'Idempotency-Key': 'fit-1' });
  expect(again.text).toBe(fitted.text);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  const other = { kind: 'rfm', asOf: '2023-06-01T00:00:00Z' };
  expectProblem(
    await api.post('/v1/models', other, { 'Idempotency-Key': 'fit-1' }),
    422,
    'idempotency-key-reused',
  );
});

it('a model is an event: in the feed, and as committed', async () => {
  const feed = await Feed.open(api, '?types=segment-model-fitted.v1', { 'last-event-id': '0' });
  const [fitted] = await feed.until(1);
  feed.close();
  const { eventId, data } = fitted?.data ?? {};
  expect(data).toMatchObject({ modelId: model.modelId });
  const record = await api.get(`/v1/events/${eventId}`);
  expect(record.body).toMatchObject({ env: { id: eventId, type: 'segment-model-fitted.v1' }, sealed: {} });
});

it.each([
  [{ kind: 'rfm' }, 400, 'invalid-body'],
  [{ kind: 'k-means', asOf: AS_OF }, 400, 'invalid-body'],
  [{ kind: 'rfm', asOf: 'yesterday' }, 400, 'invalid-body'],
  [{ kind: 'rfm', asOf: '1999-01-01T00:00:00Z' }, 422, 'nobody-to-fit'],
  [{ kind: 'rfm', asOf: '2999-01-01T00:00:00Z' }, 422, 'occurred-in-future'],
])('a fit of %j is refused with %i %s', async (body, status, code) => {
  expectProblem(await api.post('/v1/models', body), status, code);
});

it('activated, it puts everybody into the segment that the edges say', async () => {
  expectProblem(await api.post(`/v1/models/${last.eventId}/activate`), 404, 'model-not-found');
  const done = await activate(model.modelId);
  // What serves knows no segments yet, so there is something to differ in, and nothing to wait for.
  expect(done).toMatchObject({ state: 'done', parity: { undecided: 0, parked: 0 } });
  const { items } = (await api.get('/v1/models')).body;
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ ...model, active: true, activatedAt: [expect.stringMatching(INSTANT)] });
  // Another process learns within a moment that other documents serve.
  await eventually('they serve', async () =>
    (await api.get('/v1/segments')).body.items.length > 0 ? true : undefined,
  );
  const members = await allMembers();
  const found = new Map(members.map(({ customerId, segmentId }) => [customerId, segmentId]));
  found.delete(last.customerId);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected(model)));
  for (const { since, reason, segmentId } of members) {
    expect(since).toMatch(INSTANT);
    expect(reason).toMatch(new RegExp(`^r[1-5] f[1-5] m[1-5]: ${segmentId}$`));
  }
});

it('a purchase moves its buyer, from when it happened, and the history of both segments says so', async () => {
  const [{ customerId, recency } = { customerId: '', recency: 0 }] = bought.toSorted(
    (a, b) => b.recency - a.recency,
  );
  expect(recency).toBeGreaterThan(20);
  const before = (await api.get(`/v1/customers/${customerId}`)).body.segments[0];
  const at = '2024-02-01T10:00:00.000Z';
  const receipt = await buy({ id: customerId }, 'back-again', 100_000, at);
  const { body } = await api.get(`/v1/customers/${customerId}?waitFor=${receipt.revision}`);
  const [now] = body.segments;
  expect(now).toMatchObject({ since: at, because: receipt.eventId, scores: { r: 5 } });
  expect(now.segmentId).not.toBe(before.segmentId);
  const joined = (await api.get(`/v1/segments/${now.segmentId}/history?limit=1`)).body.items;
  const move = { customerId, at, eventId: receipt.eventId };
  expect(joined).toEqual([{ ...move, change: 'joined', other: before.segmentId }]);
  const left = await api.all(`/v1/segments/${before.segmentId}/history?limit=2`);
  expect(left).toContainEqual({ ...move, change: 'left', other: now.segmentId });
});

it('customers are listed by segment, tier, words and loyalty', async () => {
  const [profile] = (await api.get('/v1/customers?sort=-loyalty&limit=1')).body.items;
  const segmentId = profile.segments[0].segmentId;
  const inIt = await api.all(`/v1/customers?segment=${segmentId}&limit=2`);
  expect(inIt.map(({ customerId }) => customerId)).toContain(profile.customerId);
  expect(new Set(inIt.map(({ segments }) => segments[0].segmentId))).toEqual(new Set([segmentId]));
  const byLoyalty = await api.all('/v1/customers?sort=-loyalty&limit=7');
  const scores = byLoyalty.map(({ loyalty }) => loyalty.score);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  expect(byLoyalty).toHaveLength(CUSTOMERS + 2);
  expect(await api.all('/v1/customers?sort=loyalty')).toHaveLength(CUSTOMERS + 2);
  expect(await api.all('/v1/customers?limit=5')).toHaveLength(CUSTOMERS + 2);
  const tier = await api.all(`/v1/customers?tier=${profile.loyalty.tier}`);
  expect(new Set(tier.map(({ loyalty }) => loyalty.tier))).toEqual(new Set([profile.loyalty.tier]));
  const named = await api.accept('/v1/customers', { ...somebody(), name: 'Ágnes Ｗｏｎｇ' });
  await api.get(`/v1/customers/${named.customerId}?waitFor=0`);
  const found = await api.all('/v1/customers?q=wong%20%C3%81GN');
  expect(found.map(({ customerId }) => customerId)).toEqual([named.customerId]);
  expect(await api.all('/v1/customers?q=wong%20nobody')).toEqual([]);
  expectProblem(await api.get('/v1/customers?sort=name'), 400, 'invalid-query');
  expectProblem(await api.get('/v1/customers?tier=golden'), 400, 'invalid-query');
});

it('a model can be taken back, and what serves is equal to a rebuild all the while', async () => {
  const second = await api.accept('/v1/models', { kind: 'rfm', asOf: '2023-12-20T00:00:00Z' });
  expect((await activate(second.modelId)).state).toBe('done');
  const active = async (): Promise<string> =>
    (await api.get('/v1/models')).body.items.find((one: Loose) => one.active).modelId;
  expect(await active()).toBe(second.modelId);
  const begun = await eventually('no other task runs', async () => {
    const answer = await api.post('/v1/projections/segments/rollback');
    return answer.status === 409 ? undefined : answer;
  });
  expect(await api.ended(begun.body.rebuildId)).toMatchObject({ state: 'done' });
  expect(await active()).toBe(model.modelId);
  await eventually('the first one serves', async () => {
    const [segment] = (await api.get('/v1/segments')).body.items;
    return segment?.model.version === model.modelId ? true : undefined;
  });
  expect(await api.verified('readmodels')).toMatchObject({ ok: true });
  expect(await api.verified('ledger')).toMatchObject({ ok: true });
});
