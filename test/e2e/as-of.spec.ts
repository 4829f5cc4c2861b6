import { expectProblem, somebody, touchpoint } from './client';
import type { Client, Loose } from './client';
import { JOURNEY_TIMEOUT_MS, startLedger } from './ledger-under-test';
import type { LedgerUnderTest } from './ledger-under-test';

jest.setTimeout(JOURNEY_TIMEOUT_MS);

let server: LedgerUnderTest;
let api: Client;
let customerId: string;
/** Profile and loyalty as they were served when the stream stood at each revision. */
const served: { readonly profile: Loose; readonly loyalty: Loose; readonly at: string }[] = [];

beforeAll(async () => {
  server = await startLedger();
  api = server.client();
  const customer = somebody();
  const total = { amount: '20.00', currency: 'EUR' };
  const say = (more: Record<string, unknown>) => touchpoint({ customer, ...more });
  await keep(
    await api.accept('/v1/customers', { ...customer, name: 'Zoë Quill', attributes: { city: 'Graz' } }),
  );
  const asked = await keep(await api.accept('/v1/touchpoints', say({ occurredAt: '2025-03-01T10:00:00Z' })));
  await keep(
    await api.accept('/v1/purchases', { customer, orderId: '1', total, occurredAt: '2025-03-02T10:00:00Z' }),
  );
  await keep(
    await api.accept('/v1/feedback', {
      customer,
      type: 'complaint',
      content: 'late',
      occurredAt: '2025-03-05T10:00:00Z',
    }),
  );
  await keep(
    await api.accept(
      '/v1/touchpoints',
      say({ direction: 'outbound', outcome: 'resolved', occurredAt: '2025-03-05T22:00:00Z' }),
    ),
  );
  const fix = { fields: { channel: 'voice', occurredAt: '2025-03-04T10:00:00Z' }, reason: 'it was a call' };
  await keep(await api.accept(`/v1/touchpoints/${asked.eventId}/correction`, fix));
  await keep(await api.accept('/v1/survey-answers', { customer, instrument: 'csat', score: 5 }));
  await keep(
    await api.accept('/v1/purchases/1/refund', { customer, amount: { amount: '5.00', currency: 'EUR' } }),
  );
  await keep(await api.accept(`/v1/touchpoints/${asked.eventId}/redaction`, { reason: 'asked for' }));
});
afterAll(() => server.dispose());

async function keep(receipt: Loose): Promise<Loose> {
  ({ customerId } = receipt);
  const path = `/v1/customers/${customerId}`;
  const [profile, loyalty] = [
    await api.get(`${path}?waitFor=${receipt.revision}`),
    await api.get(`${path}/loyalty?waitFor=${receipt.revision}`),
  ];
  expect(profile.headers.get('touchstone-revision')).toBe(String(receipt.revision));
  served[receipt.revision] = { profile: profile.body, loyalty: loyalty.body, at: receipt.recordedAt };
  return receipt;
}

it('a state at every revision is what was served then', async () => {
  expect(served).toHaveLength(9);
  for (const [revision, { profile, loyalty }] of served.entries()) {
    const state = await api.get(`/v1/customers/${customerId}/state?at=${revision}`);
    expect(state.body).toEqual({
      customerId,
      at: revision,
      revision,
      model: null,
      profile,
      loyalty,
      segments: [],
    });
  }
});

it('at an instant it is the state of what had been recorded by then', async () => {
  const at = served[4]?.at ?? '';
  const { body, headers } = await api.get(`/v1/customers/${customerId}/state?at=${at}`);
  const known = served.findLastIndex((one) => one.at <= at);
  expect(body).toMatchObject({ at, revision: known });
  expect(body.profile).toEqual(served[known]?.profile);
  expect(headers.get('touchstone-revision')).toBe('8');
});

it('on the other axis it is what had happened by then, as far as it is known now', async () => {
  const at = '2025-03-04T09:00:00.000Z';
  const state = await api.get(`/v1/customers/${customerId}/state?axis=occurred&at=${at}`);
  // The touchpoint of the first of March turned out to be one of the fourth, after this.
  expect(state.body.profile).toMatchObject({ counts: { byChannel: {} }, purchases: { count: 1 } });
});

it('a difference names the events that made it', async () => {
  const { body } = await api.get(`/v1/customers/${customerId}/diff?from=2&to=5`);
  const byPointer = new Map<string, Loose>(body.changes.map((change: Loose) => [change.pointer, change]));
  const answered = byPointer.get('/loyalty/components/needsMet/value');
  expect(answered).toMatchObject({ was: 0.5, now: 1 });
  expect(answered.because).toHaveLength(1);
  const events = await api.all(`/v1/customers/${customerId}/history`);
  expect(answered.because).toEqual([events[4].eventId]);
  expect(byPointer.get('/profile/counts/byChannel/voice')).toMatchObject({ because: [events[5].eventId] });
  expect((await api.get(`/v1/customers/${customerId}/diff?from=3&to=3`)).body.changes).toEqual([]);
});

it.each([
  ['state', 400, 'invalid-query'],
  ['state?at=yesterday', 400, 'invalid-query'],
  ['state?at=3&axis=occurred', 400, 'invalid-query'],
  ['state?at=2001-01-01T00:00:00Z', 404, 'customer-not-found'],
  ['state?at=3&model=01890000-0000-7000-8000-000000000000', 404, 'model-not-found'],
  ['diff?from=3', 400, 'invalid-query'],
  ['diff?from=5&to=3', 400, 'invalid-query'],
  ['diff?from=1&to=2030-01-01T00:00:00Z', 400, 'invalid-query'],
])('%s is refused with %i %s', async (query, status, code) => {
  expectProblem(await api.get(`/v1/customers/${customerId}/${query}`), status, code);
});
