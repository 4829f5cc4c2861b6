import { expectProblem, INSTANT, LEAF, somebody, touchpoint, UUID_V7 } from './client';
import type { Client, Loose } from './client';
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

const day = (n: number): string => `2024-03-${String(n).padStart(2, '0')}T00:00:00.000Z`;

/** A customer with touchpoints on the given days, in this order; resolves to the customer's id. */
async function customerWith(entries: readonly Record<string, unknown>[]): Promise<string> {
  const customer = somebody();
  let last: Loose;
  for (const entry of entries) last = await api.accept('/v1/touchpoints', touchpoint({ customer, ...entry }));
  await api.get(`/v1/customers/${last.customerId}?waitFor=${last.revision}`);
  return last.customerId;
}

describe('a profile', () => {
  it('is found by id, in any case of letters, and by identifier', async () => {
    const customer = somebody();
    const { customerId } = await api.accept('/v1/customers', {
      identifiers: [...customer.identifiers, { type: 'email', value: 'Zoe.Q@Example.com' }],
      name: 'Zoë Quill',
      attributes: { city: 'Graz' },
    });
    await api.accept('/v1/touchpoints', touchpoint({ customer, occurredAt: day(1), channel: 'email' }));
    await api.accept('/v1/touchpoints', touchpoint({ customer, occurredAt: day(9), direction: 'outbound' }));
    await api.accept('/v1/purchases', {
      customer,
      orderId: '1',
      total: { amount: '0.10', currency: 'EUR' },
      occurredAt: day(20),
    });
    await api.accept('/v1/purchases', { customer, orderId: '2', total: { amount: '0.20', currency: 'EUR' } });
    const profile = await api.get(`/v1/customers/${customerId.toUpperCase()}?waitFor=4`);
    expect(profile.status).toBe(200);
    expect(profile.body).toMatchObject({
      customerId,
      name: 'Zoë Quill',
      identifiers: expect.arrayContaining([
        { type: 'email', value: expect.stringMatching(/zoe.q@example/i) },
      ]),
      attributes: { city: 'Graz' },
      firstSeenAt: day(1),
      lastContactAt: day(9),
      counts: { byChannel: { email: 1, chat: 1 }, byDirection: { inbound: 1, outbound: 1 } },
      purchases: { count: 2, total: { currency: 'EUR' } },
      completeness: { complete: true },
    });
    expect(Number(profile.body.purchases.total.amount)).toBeCloseTo(0.3, 10);
    expect(profile.headers.get('touchstone-revision')).toBe('4');
    const identifier = { type: 'email', value: ' zoe.q@EXAMPLE.com' };
    const found = await api.post('/v1/customers/lookup', { identifier });
    expect(found.body).toEqual(profile.body);
    expect(found.headers.get('touchstone-revision')).toBe('4');
  });

  it('counts no redacted touchpoint', async () => {
    const customer = somebody();
    const kept = await api.accept('/v1/touchpoints', touchpoint({ customer, occurredAt: day(2) }));
    const gone = await api.accept('/v1/touchpoints', touchpoint({ customer, occurredAt: day(5) }));
    await api.accept(`/v1/touchpoints/${gone.eventId}/redaction`, { reason: 'x' });
    const { body } = await api.get(`/v1/customers/${kept.customerId}?waitFor=3`);
    expect(body).toMatchObject({ lastContactAt: day(2), counts: { byChannel: { chat: 1 } } });
  });

  it('counts a corrected touchpoint where it belongs now', async () => {
    const customer = somebody();
    const made = await api.accept('/v1/touchpoints', touchpoint({ customer, occurredAt: day(2) }));
    const fix = { fields: { channel: 'sms', direction: 'outbound', occurredAt: day(7) }, reason: 'wrong' };
    await api.accept(`/v1/touchpoints/${made.eventId}/correction`, fix);
    const { body } = await api.get(`/v1/customers/${made.customerId}?waitFor=2`);
    expect(body.counts).toEqual({ byChannel: { sms: 1 }, byDirection: { outbound: 1 } });
    expect(body.lastContactAt).toBe(day(7));
  });

  it.each(['01890000-0000-7000-8000-000000000000', 'nobody', '%00', '..', "' OR 1=1 --", '{"$ne":null}'])(
    'of %s is not found',
    async (id) => {
      const answer = await api.get(`/v1/customers/${encodeURIComponent(id)}`);
      expect([404, 400]).toContain(answer.status);
    },
  );
});

describe('a timeline', () => {
  it('filters by channel, kind, direction and time, from inclusive, to exclusive', async () => {
    const customer = somebody();
    const put = (n: number, fields: object): Promise<Loose> =>
      api.accept('/v1/touchpoints', touchpoint({ customer, occurredAt: day(n), ...fields }));
    const { customerId } = await put(1, { channel: 'email' });
    await put(2, { channel: 'voice', kind: 'call', direction: 'outbound' });
    await put(3, { channel: 'email', direction: 'outbound' });
    await api.accept('/v1/survey-answers', {
      customer,
      instrument: 'csat',
      score: 5,
      occurredAt: day(4),
    });
    await api.accept('/v1/feedback', { customer, type: 'praise', content: 'ok', occurredAt: day(5) });
    const total = { amount: '1', currency: 'EUR' };
    await api.accept('/v1/purchases', { customer, orderId: 'a', total, occurredAt: day(6) });
    await api.accept('/v1/purchases/a/refund', { customer, amount: total, occurredAt: day(7) });
    const kinds = async (query: string): Promise<string[]> => {
      const items = await api.all(`/v1/customers/${customerId}/timeline?waitFor=7&${query}`);
      return items.map(({ kind, occurredAt }) => `${kind} ${Number(occurredAt.slice(8, 10))}`);
    };
    const all = 'refund 7,purchase 6,feedback 5,survey-answer 4,message 3,call 2,message 1'.split(',');
    expect(await kinds('')).toEqual(all);
    expect(await kinds('order=desc&limit=2')).toEqual(all);
    expect(await kinds('order=asc&limit=1')).toEqual(all.toReversed());
    expect(await kinds('channel=email')).toEqual(['message 3', 'message 1']);
    expect(await kinds('kind=call')).toEqual(['call 2']);
    expect(await kinds('kind=survey-answer')).toEqual(['survey-answer 4']);
    expect(await kinds('direction=outbound&channel=email')).toEqual(['message 3']);
    expect(await kinds(`from=${day(2)}&to=${day(4)}`)).toEqual(['message 3', 'call 2']);
    expect(await kinds(`from=${encodeURIComponent('2024-03-02T01:00:00+01:00')}&to=${day(3)}`)).toEqual([
      'call 2',
    ]);
    expect(await kinds(`from=${day(5)}&to=${day(5)}`)).toEqual([]);
    expect(await kinds(`from=${day(9)}&to=${day(1)}`)).toEqual([]);
  });

  it('orders by occurredAt as corrected, then revision', async () => {
    const customer = somebody();
    const ids: string[] = [];
    for (const n of [5, 5, 3, 4]) {
      const made = await api.accept('/v1/touchpoints', touchpoint({ customer, occurredAt: day(n) }));
      ids.push(made.eventId);
    }
    const fix = { fields: { occurredAt: day(9) }, reason: 'wrong day' };
    const { customerId } = await api.accept(`/v1/touchpoints/${ids[2]}/correction`, fix);
    const items = await api.all(`/v1/customers/${customerId}/timeline?order=asc&waitFor=5`);
    expect(items.map(({ eventId }) => eventId)).toEqual([ids[3], ids[0], ids[1], ids[2]]);
    const back = await api.all(`/v1/customers/${customerId}/timeline?limit=1`);
    expect(back.map(({ eventId }) => eventId)).toEqual([ids[2], ids[1], ids[0], ids[3]]);
  });

  it('finds all words, as prefixes, NFKC and case-folded', async () => {
    const id = await customerWith([
      { subject: 'Order 4711', content: 'The Ｐａｃｋａｇｅ is late, says ANNE' },
      { subject: 'Invoice', content: 'Übergröße für "Große" Pakete' },
      { content: 'nothing of the kind' },
    ]);
    const found = async (q: string): Promise<number> => {
      const { body } = await api.get(`/v1/customers/${id}/timeline?q=${encodeURIComponent(q)}`);
      return body.items.length;
    };
    expect(await found('package')).toBe(1);
    expect(await found('PACK anne')).toBe(1);
    expect(await found('pack übergr')).toBe(0);
    expect(await found('ÜBERGRÖẞE')).toBe(1);
    expect(await found('47')).toBe(1);
    expect(await found('ackage')).toBe(0);
    expect(await found('o')).toBe(2);
    expect(await found('the')).toBe(2);
  });

  it('answers a q without words', async () => {
    const id = await customerWith([{ content: 'a' }]);
    for (const q of ['!!!', ' ', '%%%', '"', '*', '🙂']) {
      const answer = await api.get(`/v1/customers/${id}/timeline?q=${encodeURIComponent(q)}`);
      expect([200, 400]).toContain(answer.status);
    }
  });

  it('gives complete pages while others write', async () => {
    const customer = somebody();
    const lines = (from: number, many: number): unknown[] =>
      Array.from({ length: many }, (_, i) => ({
        command: 'touchpoint',
        ...touchpoint({ customer, occurredAt: day(1 + ((from + i) % 28)), durationSeconds: from + i }),
      }));
    await api.bulk(lines(0, 400));
    const { body: profile } = await api.post('/v1/customers/lookup?waitFor=400', {
      identifier: customer.identifiers[0],
    });
    const before = new Set<string>();
    for (const { eventId } of await api.all(`/v1/customers/${profile.customerId}/timeline?limit=500`)) {
      before.add(eventId);
    }
    expect(before.size).toBe(400);
    let done = false;
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await api.bulk(lines(400 + i * 20, 20));
      done = true;
    })();
    for (const order of ['asc', 'desc', 'asc', 'desc']) {
      const seen: string[] = [];
      for (const { eventId } of await api.all(
        `/v1/customers/${profile.customerId}/timeline?limit=23&order=${order}`,
      )) {
        seen.push(eventId);
      }
      expect(new Set(seen).size).toBe(seen.length);
      const missing = [...before].filter((eventId) => !seen.includes(eventId));
      expect(missing).toEqual([]);
    }
    await writing;
    expect(done).toBe(true);
    const all = await api.all(`/v1/customers/${profile.customerId}/timeline?limit=7&waitFor=800`);
    expect(new Set(all.map(({ eventId }) => eventId)).size).toBe(800);
  });

  it('refuses what is too broad', async () => {
    const customer = somebody();
    const line = JSON.stringify({ command: 'touchpoint', ...touchpoint({ customer, content: 'broad' }) });
    const { body } = await api.bulk(Array.from({ length: 10_001 }, () => line));
    expect(body.accepted).toBe(10_001);
    const identifier = customer.identifiers[0];
    const found = await api.post('/v1/customers/lookup?waitFor=10001&waitMs=10000', { identifier });
    expect(found.headers.get('touchstone-stale')).toBeNull();
    const path = `/v1/customers/${found.body.customerId}/timeline`;
    expectProblem(await api.get(`${path}?q=broad`), 422, 'query-too-broad');
    expect((await api.get(`${path}?q=broader`)).status).toBe(200);
    expect((await api.get(`${path}?q=broad&from=${day(1)}&to=${day(2)}`)).status).toBeLessThan(500);
  });
});

describe('purchases', () => {
  it('come in pages, latest first', async () => {
    const customer = somebody();
    const total = { amount: '5.00', currency: 'EUR' };
    let customerId = '';
    for (let n = 1; n <= 7; n++) {
      const order = { customer, orderId: `p-${n}`, total, occurredAt: day(n) };
      ({ customerId } = await api.accept('/v1/purchases', order));
    }
    const items = await api.all(`/v1/customers/${customerId}/purchases?limit=3&waitFor=7`);
    expect(items.map(({ orderId }) => orderId)).toEqual([7, 6, 5, 4, 3, 2, 1].map((n) => `p-${n}`));
  });
});

describe('history and events', () => {
  it('tells everything, in order, in both forms', async () => {
    const customer = somebody();
    const source = { system: 'helpdesk', id: 'h-1', part: 'p' };
    const made = await api.accept('/v1/touchpoints', touchpoint({ customer, content: 'secret', source }));
    await api.accept(`/v1/touchpoints/${made.eventId}/status`, { status: 'opened', detail: 'late' });
    const path = `/v1/customers/${made.customerId}/history`;
    const page = await api.get(path);
    expect(page.headers.get('touchstone-revision')).toBe('2');
    expect(page.body.next).toBeNull();
    expect(page.body.items).toHaveLength(3);
    const [, own] = page.body.items;
    expect(own).toEqual({
      eventId: made.eventId,
      revision: 1,
      position: made.position,
      type: 'touchpoint-recorded.v1',
      occurredAt: made.recordedAt,
      recordedAt: made.recordedAt,
      actor: { kind: expect.stringMatching(/^(service|user)$/), id: 'key_admin' },
      purpose: 'service',
      data: {
        channel: 'chat',
        direction: 'inbound',
        kind: 'message',
        content: 'secret',
        sourceSystem: 'helpdesk',
        sourceId: 'h-1',
        sourcePart: 'p',
      },
      leafHash: made.leafHash,
    });
    const records = await api.all(`${path}?form=record&limit=1`);
    expect(records.map(({ leafHash }) => leafHash)).toEqual(
      page.body.items.map(({ leafHash }: Loose) => leafHash),
    );
    for (const [i, record] of records.entries()) {
      expect(record).toEqual({
        env: expect.objectContaining({ v: 1, id: expect.stringMatching(UUID_V7), rev: i }),
        sealed: expect.any(Object),
        leaf: expect.objectContaining({ v: 1, r: i, id: record.env.id, t: record.env.at }),
        leafHash: expect.stringMatching(LEAF),
        position: expect.any(Number),
      });
    }
    expect(JSON.stringify(records)).not.toMatch(/secret|h-1|late/);
    const single = await api.get(`/v1/events/${made.eventId}`);
    expect(single.body).toEqual(records[1]);
    expect((await api.get(`/v1/events/${made.eventId.toUpperCase()}`)).body).toEqual(records[1]);
    for (const id of ['01890000-0000-7000-8000-000000000000', 'x', made.customerId]) {
      expectProblem(await api.get(`/v1/events/${id}`), 404, 'event-not-found');
    }
  });

  it('is cut by recordedAt and by revision', async () => {
    const customer = somebody();
    const receipts: Loose[] = [];
    for (let i = 0; i < 6; i++) {
      const made = await api.accept('/v1/touchpoints', touchpoint({ customer, occurredAt: day(1) }));
      receipts.push(made);
      while (new Date().toISOString() <= made.recordedAt) await new Promise(setImmediate);
    }
    const path = `/v1/customers/${receipts[0].customerId}/history`;
    const revisions = async (query: string): Promise<number[]> =>
      (await api.all(`${path}?${query}`)).map(({ revision }) => revision);
    expect(await revisions('')).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await revisions('limit=2')).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await revisions('after=3')).toEqual([4, 5, 6]);
    expect(await revisions('after=-1&limit=3')).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await revisions('after=6')).toEqual([]);
    expect(await revisions('after=999999')).toEqual([]);
    const at = (i: number): string => String(receipts[i].recordedAt);
    expect(at(0)).toMatch(INSTANT);
    expect(await revisions(`from=${at(2)}&limit=2`)).toEqual([3, 4, 5, 6]);
    expect(await revisions(`to=${at(2)}&limit=1`)).toEqual([0, 1, 2]);
    expect(await revisions(`from=${at(1)}&to=${at(4)}&limit=2`)).toEqual([2, 3, 4]);
    expect(await revisions(`from=${at(1)}&after=3&form=record`.replace('&form=record', ''))).toEqual([
      4, 5, 6,
    ]);
    expect(await revisions('from=2999-01-01T00:00:00Z')).toEqual([]);
  });
});

describe('a cursor of a history', () => {
  let mine: string;
  let others: string;
  beforeAll(async () => {
    const [customer, other] = [somebody(), somebody()];
    let receipts: Loose[] = [];
    for (let i = 0; i < 6; i++) {
      receipts = await Promise.all(
        [customer, other].map((named) => api.accept('/v1/touchpoints', touchpoint({ customer: named }))),
      );
    }
    [mine, others] = receipts.map(({ customerId }) => `/v1/customers/${customerId}/history`) as [
      string,
      string,
    ];
  });
  const nextOf = async (path: string): Promise<string> => encodeURIComponent((await api.get(path)).body.next);

  it('belongs to its customer, form, bounds and start', async () => {
    const [from, to] = ['2020-01-01T00:00:00Z', '2999-01-01T00:00:00Z'];
    const queries = ['', '&form=record', `&from=${from}`, `&to=${to}`, '&after=0', '&after=1'];
    for (const given of queries) {
      const cursor = await nextOf(`${mine}?limit=2${given}`);
      expectProblem(await api.get(`${others}?cursor=${cursor}${given}`), 400, 'invalid-cursor');
      for (const asked of queries) {
        const answer = await api.get(`${mine}?limit=3&cursor=${cursor}${asked}`);
        expect([given, asked, answer.status]).toEqual([given, asked, given === asked ? 200 : 400]);
      }
    }
  });

  it('is what was given out, to the letter', async () => {
    const cursor = await nextOf(`${mine}?limit=2`);
    const beyond = Buffer.from('h999').toString('base64url');
    for (const bad of [`${cursor}!!!`, `${cursor}%20`, `!${cursor}`, `${cursor}=`, beyond]) {
      expectProblem(await api.get(`${mine}?limit=2&cursor=${bad}`), 400, 'invalid-cursor');
    }
  });

  it('goes on where the page before ended, from `after` on', async () => {
    const revisions = async (query: string): Promise<number[]> =>
      (await api.all(`${mine}?${query}`)).map(({ revision }) => revision);
    expect(await revisions('limit=2&after=1')).toEqual([2, 3, 4, 5, 6]);
  });
});
