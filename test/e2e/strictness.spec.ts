import { expectProblem, touchpoint } from './client';
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

  it.each([...bodiless, '/v1/keys', '/v1/verifications'])(
    'POST %s says that it honours no condition and no idempotency key',
    async (path) => {
      const body = path === '/v1/keys' ? { name: 'x', roles: ['agent'] } : undefined;
      for (const [name, value] of [
        ['Idempotency-Key', 'k'],
        ['If-Match', '"1"'],
      ]) {
        const answer = await api.post(path, body, { [String(name)]: String(value) });
        expectProblem(answer, 400, 'invalid-header');
        expect(answer.body.detail).toContain(name);
      }
    },
  );

  it('bulk and the fitting of a model take a key and no condition', async () => {
    const condition = { 'if-match': '"1"' };
    const bulk = await api.bulk([{ command: 'touchpoint', ...touchpoint() }], condition);
    expectProblem(bulk, 400, 'invalid-header');
    const fit = await api.post('/v1/models', { kind: 'rfm', asOf: '2024-01-01T00:00:00Z' }, condition);
    expectProblem(fit, 400, 'invalid-header');
  });

  it('a key is not made or revoked by a request that is refused', async () => {
    const before = (await api.get('/v1/keys')).body.items;
    const [{ keyId }] = before;
    const path = `/v1/keys/${keyId}`;
    await api.post('/v1/keys', { name: 'never', roles: ['agent'] }, { 'idempotency-key': 'k' });
    expectProblem(await api.ask('DELETE', path, { headers: { 'if-match': '"1"' } }), 400, 'invalid-header');
    expectProblem(await api.ask('DELETE', path, { body: { x: 1 } }), 400, 'invalid-body');
    expect((await api.get('/v1/keys')).body.items).toEqual(before);
  });
});
