import { expectProblem } from './client';
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

  it('a key is not revoked by a request that is refused', async () => {
    const before = (await api.get('/v1/keys')).body.items;
    const [{ keyId }] = before;
    const revoked = await api.ask('DELETE', `/v1/keys/${keyId}`, { body: { x: 1 } });
    expectProblem(revoked, 400, 'invalid-body');
    expect((await api.get('/v1/keys')).body.items).toEqual(before);
  });
});
