import { Client, expectProblem, somebody, touchpoint } from './client';
import type { Answer, Loose } from './client';
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

const key = (name: string): Record<string, string> => ({ 'idempotency-key': name });

/** The very answer again, by the bytes, and marked. */
function expectReplay(again: Answer, first: Answer): void {
  expect([again.status, again.text]).toEqual([first.status, first.text]);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(first.headers.get('idempotent-replayed')).toBeNull();
}

async function headRevision(customerId: string): Promise<number> {
  const { headers } = await api.get(`/v1/customers/${customerId}/history?limit=1`);
  return Number(headers.get('touchstone-revision'));
}

describe('a repeated command', () => {
  it('gets the first answer again on every route, and writes nothing', async () => {
    const customer = somebody();
    const made = await api.accept('/v1/touchpoints', touchpoint({ customer }));
    const { customerId: id, eventId } = made;
    const total = { amount: '1.00', currency: 'EUR' };
    const routes: readonly (readonly [string, string, Record<string, unknown>])[] = [
      ['POST', '/v1/customers', { ...somebody(), name: 'A' }],
      ['PATCH', `/v1/customers/${id}`, { name: 'B' }],
      ['POST', `/v1/customers/${id}/identifiers`, { type: 'email', value: 'idem@example.org' }],
      ['POST', `/v1/customers/${id}/identifiers/unlink`, { type: 'email', value: 'idem@example.org' }],
      ['POST', '/v1/touchpoints', touchpoint()],
      ['POST', `/v1/touchpoints/${eventId}/status`, { status: 'opened' }],
      ['POST', `/v1/touchpoints/${eventId}/correction`, { fields: { subject: 'x' }, reason: 'y' }],
      ['POST', `/v1/touchpoints/${eventId}/annotation`, { text: 'z' }],
      ['POST', `/v1/touchpoints/${eventId}/redaction`, { reason: 'r' }],
      ['POST', '/v1/purchases', { customer, orderId: 'i-1', total }],
      ['POST', '/v1/purchases/i-1/refund', { customer, amount: total }],
      ['POST', '/v1/survey-answers', { customer, instrument: 'csat', score: 3 }],
      ['POST', '/v1/feedback', { customer, type: 'praise', content: 'c' }],
    ];
    for (const [i, [method, path, body]] of routes.entries()) {
      const first = await api.ask(method, path, { body, headers: key(`route ${i}`) });
      expect([path, first.status]).toEqual([path, 201]);
      const revision = await headRevision(first.body.customerId);
      const asked = { ...key(`route ${i}`), 'if-match': '"0"' };
      expectReplay(await api.ask(method, path, { body, headers: key(`route ${i}`) }), first);
      expectReplay(await api.ask(method, path, { body, headers: asked }), first);
      expect(await headRevision(first.body.customerId)).toBe(revision);
      // The same JSON in other bytes is the same body.
      const spaced = JSON.stringify(Object.fromEntries(Object.entries(body).toReversed()), null, 2);
      expectReplay(await api.ask(method, path, { raw: spaced, headers: key(`route ${i}`) }), first);
    }
  });

  it('with another body is refused, also one that differs in what the command would not keep', async () => {
    const body = touchpoint({ occurredAt: '2024-01-01T00:00:00Z' });
    await api.accept('/v1/touchpoints', body, key('other body'));
    for (const other of [
      { ...body, content: 'x' },
      { ...body, customer: somebody() },
      { ...body, kind: 'message' },
      { ...body, occurredAt: '2024-01-01T00:00:00.001Z' },
    ]) {
      const answer = await api.post('/v1/touchpoints', other, key('other body'));
      expectProblem(answer, 422, 'idempotency-key-reused');
    }
  });

  it('with another path is refused', async () => {
    const a = await api.accept('/v1/touchpoints', touchpoint());
    const b = await api.accept('/v1/touchpoints', touchpoint());
    const said = { status: 'opened' };
    await api.accept(`/v1/touchpoints/${a.eventId}/status`, said, key('other path'));
    const answer = await api.post(`/v1/touchpoints/${b.eventId}/status`, said, key('other path'));
    expectProblem(answer, 422, 'idempotency-key-reused');
    await api.patch(`/v1/customers/${a.customerId}`, { name: 'N' }, key('other customer'));
    const patched = await api.patch(`/v1/customers/${b.customerId}`, { name: 'N' }, key('other customer'));
    expectProblem(patched, 422, 'idempotency-key-reused');
    const customer = somebody();
    await api.accept('/v1/touchpoints', touchpoint({ customer }), key('other route'));
    for (const [path, body] of [
      ['/v1/feedback', { customer, type: 'complaint', content: 'x' }],
      ['/v1/customers', somebody()],
    ] as const) {
      expectProblem(await api.post(path, body, key('other route')), 422, 'idempotency-key-reused');
    }
  });

  it('is one of its API key: another key may use the same word', async () => {
    const other = await api.as('service');
    const body = touchpoint({ customer: somebody() });
    const mine = await api.post('/v1/touchpoints', body, key('scoped'));
    const theirs = await other.post('/v1/touchpoints', body, key('scoped'));
    expect(theirs.status).toBe(201);
    expect(theirs.headers.get('idempotent-replayed')).toBeNull();
    expect(theirs.body.eventId).not.toBe(mine.body.eventId);
  });

  it('is known by its source from any key, and the source wins over the header', async () => {
    const other = await api.as('agent');
    const source = { system: 'mail', id: 'msg-1' };
    const body = touchpoint({ source });
    const first = await api.post('/v1/touchpoints', body, key('header 1'));
    expectReplay(await other.post('/v1/touchpoints', body), first);
    expectReplay(await api.post('/v1/touchpoints', body, key('header 2')), first);
    const moved = await api.post('/v1/touchpoints', { ...body, content: 'new' }, key('header 3'));
    expectProblem(moved, 422, 'idempotency-key-reused');
    // The header of a command with a source was never used.
    const free = await api.post('/v1/touchpoints', touchpoint(), key('header 1'));
    expect([free.status, free.headers.get('idempotent-replayed')]).toEqual([201, null]);
    const part = { ...body, source: { ...source, part: 'second' } };
    const parted = await api.post('/v1/touchpoints', part);
    expect([parted.status, parted.headers.get('idempotent-replayed')]).toEqual([201, null]);
    const system = { ...body, source: { ...source, system: 'mail2' } };
    expect((await api.post('/v1/touchpoints', system)).headers.get('idempotent-replayed')).toBeNull();
  });

  it('does not confuse the parts of a source', async () => {
    const ids = [
      { system: 'a', id: 'b', part: 'c' },
      { system: 'a', id: 'b:c' },
      { system: 'a', id: 'b#c' },
      { system: 'a', id: 'b/c' },
      { system: 'a', id: 'b\u0000c' },
      { system: 'a.b', id: 'c' },
      { system: 'a', id: 'b', part: ' c' },
      { system: 'a', id: 'b' },
      { system: 'a', id: 'B' },
    ];
    for (const source of ids) {
      const answer = await api.post('/v1/touchpoints', touchpoint({ source }));
      expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, null]);
    }
  });

  it('a refused command uses no key up', async () => {
    const customer = { id: '01890000-0000-7000-8000-000000000000' };
    const refused = await api.post('/v1/touchpoints', touchpoint({ customer }), key('refused'));
    expectProblem(refused, 404, 'customer-not-found');
    const accepted = await api.post('/v1/touchpoints', touchpoint(), key('refused'));
    expect(accepted.status).toBe(201);
  });

  it('writes once however many come at a time', async () => {
    const storm = async (body: unknown, headers: Record<string, string>): Promise<void> => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => api.post('/v1/touchpoints', body, headers)),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      const fresh = answers.filter(({ headers: h }) => h.get('idempotent-replayed') === null);
      expect(fresh).toHaveLength(1);
      expect(await headRevision(answers[0]?.body.customerId)).toBe(1);
    };
    await storm(touchpoint(), key('storm'));
    await storm(touchpoint({ source: { system: 'storm', id: '1' } }), {});
  });

  it('of two bodies under one key at a time, one is taken and the other refused', async () => {
    const bodies = Array.from({ length: 20 }, (_, i) => touchpoint({ content: String(i % 2) }));
    const customer = somebody();
    const answers = await Promise.all(
      bodies.map((body) => api.post('/v1/touchpoints', { ...body, customer }, key('two bodies'))),
    );
    const good = answers.filter(({ status }) => status === 201);
    expect(good).toHaveLength(10);
    expect(new Set(good.map(({ text }) => text)).size).toBe(1);
    for (const bad of answers.filter(({ status }) => status !== 201)) {
      expectProblem(bad, 422, 'idempotency-key-reused');
    }
  });

  it.each(['', ' '.repeat(300), 'a'.repeat(256), 'with#hash', 'ümlaut', 'a\tb'])(
    'refuses Idempotency-Key %j',
    async (name) => {
      let status = 400;
      try {
        const answer = await api.post('/v1/touchpoints', touchpoint(), key(name));
        ({ status } = answer);
        // fetch itself trims blanks: what arrives empty is an empty key.
        expect(answer.body.code).toBe('invalid-header');
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
      expect(status).toBe(400);
    },
  );

  it('takes a key of 255 printable characters', async () => {
    const name = `!"$%&'()*+,-./${'~'.repeat(241)}`;
    const first = await api.post('/v1/touchpoints', touchpoint({ customer: CONSTANT }), key(name));
    expect([first.status, name.length]).toEqual([201, 255]);
    expectReplay(await api.post('/v1/touchpoints', touchpoint({ customer: CONSTANT }), key(name)), first);
  });

  it('is known for ever: also after a restart, graceful or not', async () => {
    const bodies = { header: touchpoint(), source: touchpoint({ source: { system: 's', id: 'restart' } }) };
    const order = { customer: somebody(), orderId: 'R', total: { amount: '3.00', currency: 'EUR' } };
    const ask = async (): Promise<Answer[]> => [
      await api.post('/v1/touchpoints', bodies.header, key('restart')),
      await api.post('/v1/touchpoints', bodies.source),
      await api.post('/v1/purchases', order),
    ];
    const first = await ask();
    for (const how of ['stop', 'kill'] as const) {
      server = await server.restart(how);
      api = server.client();
      for (const [i, again] of (await ask()).entries()) expectReplay(again, first[i] as Answer);
      const other: Loose = { ...bodies.header, content: 'x' };
      expectProblem(await api.post('/v1/touchpoints', other, key('restart')), 422, 'idempotency-key-reused');
    }
  });
});

const CONSTANT = { identifiers: [{ type: 'crm', value: 'constant' }] };
