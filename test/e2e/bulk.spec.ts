import { gzipSync } from 'node:zlib';
import { expectProblem, somebody, touchpoint } from './client';
import type { Answer, Client } from './client';
import { JOURNEY_TIMEOUT_MS, scaled, startLedger } from './ledger-under-test';
import type { LedgerUnderTest } from './ledger-under-test';

jest.setTimeout(JOURNEY_TIMEOUT_MS);

let server: LedgerUnderTest;
let api: Client;

beforeAll(async () => {
  server = await startLedger();
  api = server.client();
});
afterAll(() => server.dispose());

const NDJSON = { 'content-type': 'application/x-ndjson' };
const line = (fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  command: 'touchpoint',
  ...touchpoint(fields),
});
const counts = ({ body }: Answer): number[] => [body.accepted, body.duplicates, body.rejected];
const post = (raw: string | Uint8Array, headers = {}, query = ''): Promise<Answer> =>
  api.ask('POST', `/v1/bulk${query}`, { raw, headers: { ...NDJSON, ...headers } });

describe('POST /v1/bulk', () => {
  it('takes every command, of one customer in order', async () => {
    const customer = somebody();
    const total = { amount: '10.00', currency: 'EUR' };
    const source = { system: 'helpdesk', id: 'm-1' };
    const answer = await api.bulk([
      { command: 'customer', ...customer, name: 'Bulk Ann' },
      line({ customer, source, content: 'hello' }),
      { command: 'touchpoint-status', touchpoint: { source }, status: 'opened' },
      { command: 'purchase', customer, orderId: 'b-1', total },
      { command: 'refund', customer, orderId: 'b-1', amount: total },
      { command: 'survey-answer', customer, instrument: 'nps', score: 9 },
      { command: 'feedback', customer, type: 'praise', content: 'good' },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ accepted: 7, duplicates: 0, rejected: 0, errors: [] });
    const found = await api.post('/v1/customers/lookup?waitFor=6', { identifier: customer.identifiers[0] });
    expect(found.body).toMatchObject({ name: 'Bulk Ann', purchases: { count: 1 } });
    const history = await api.all(`/v1/customers/${found.body.customerId}/history`);
    expect(history.map(({ type }) => type)).toEqual([
      'customer-registered.v1',
      'touchpoint-recorded.v1',
      'touchpoint-status-reported.v1',
      'purchase-recorded.v1',
      'purchase-refunded.v1',
      'survey-answered.v1',
      'feedback-received.v1',
    ]);
    const target = history[1].eventId;
    const byId = { command: 'touchpoint-status', touchpoint: { id: target }, status: 'clicked' };
    expect(counts(await api.bulk([byId]))).toEqual([1, 0, 0]);
  });

  it('takes gzip, and says what is wrong with half of one', async () => {
    const zipped = gzipSync(`${JSON.stringify(line())}\n${JSON.stringify(line())}`);
    expect(counts(await post(zipped, { 'content-encoding': 'gzip' }))).toEqual([2, 0, 0]);
    const half = zipped.subarray(0, zipped.length - 20);
    expectProblem(await post(half, { 'content-encoding': 'gzip' }), 400, 'malformed-body');
    expectProblem(await post('not gzip', { 'content-encoding': 'gzip' }), 400, 'malformed-body');
    expectProblem(await post(zipped, { 'content-encoding': 'br' }), 415, 'unsupported-media-type');
  });

  it.each(['GZIP', 'x-gzip', 'X-GZip'])('knows gzip by the name of %s', async (name) => {
    const zipped = gzipSync(`${JSON.stringify(line())}\n`);
    expect(counts(await post(zipped, { 'content-encoding': name }))).toEqual([1, 0, 0]);
    const command = { raw: JSON.stringify(touchpoint()), headers: { 'content-encoding': name } };
    expectProblem(await api.ask('POST', '/v1/touchpoints', command), 415, 'unsupported-media-type');
  });

  it('knows what is not compressed by the name of Identity', async () => {
    const identity = { 'content-encoding': 'Identity' };
    expect(counts(await post(JSON.stringify(line()), identity))).toEqual([1, 0, 0]);
    expect((await api.post('/v1/touchpoints', touchpoint(), identity)).status).toBe(201);
  });

  it('answers each bad line by its number, blank lines counted, and takes the others', async () => {
    const good = JSON.stringify(line());
    const lines: Buffer[] = [
      Buffer.from(''), // 1
      Buffer.from(good), // 2
      Buffer.from('{"command":"touchpoint"'), // 3
      Buffer.from('   \t\r'), // 4
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), // 5
      Buffer.from('[]'), // 6
      Buffer.from('{"command":"merge"}'), // 7
      Buffer.from(`${JSON.stringify(line())}\r`), // 8
      Buffer.from(JSON.stringify(line({ channel: 'pigeon' }))), // 9
      Buffer.from(JSON.stringify(line({ content: 'x'.repeat(384 * 1024) }))), // 10
      Buffer.from(JSON.stringify(line({ occurredAt: '2999-01-01T00:00:00Z' }))), // 11
      Buffer.from('"text"'), // 12
      Buffer.from('null'), // 13
      Buffer.from(JSON.stringify({ command: 'touchpoint-status', touchpoint: { id: 'x' }, status: 'a' })), // 14
      Buffer.from(JSON.stringify(line())), // 15, without newline
    ];
    const body = Buffer.concat(lines.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from('\n'), part])));
    const answer = await post(body);
    expect(answer.status).toBe(200);
    expect(counts(answer)).toEqual([3, 0, 10]);
    const errors: { line: number; code: string; detail: string }[] = answer.body.errors;
    expect(errors.map((error) => [error.line, error.code])).toEqual([
      [3, 'malformed-body'],
      [5, 'malformed-body'],
      [6, 'invalid-body'],
      [7, 'invalid-body'],
      [9, 'invalid-body'],
      [10, 'too-large'],
      [11, 'occurred-in-future'],
      [12, 'invalid-body'],
      [13, 'invalid-body'],
      [14, 'invalid-body'],
    ]);
    expect(errors.find((error) => error.line === 9)?.detail).toContain('/channel');
    expect(answer.text).not.toContain('pigeon');
  });

  it('takes a line of exactly 384 KiB and refuses one byte more', async () => {
    const base = JSON.stringify(line({ attributes: {}, content: '' })).length;
    // content itself is limited to 262,144 characters, so white space fills the line.
    const padded = (bytes: number): string => {
      const text = JSON.stringify(line({ attributes: {}, content: '' }));
      return text + ' '.repeat(bytes - text.length);
    };
    expect(base).toBeLessThan(1_000);
    expect(counts(await post(padded(384 * 1024)))).toEqual([1, 0, 0]);
    const over = await post(padded(384 * 1024 + 1));
    expect(counts(over)).toEqual([0, 0, 1]);
    expect(over.body.errors[0]).toMatchObject({ line: 1, code: 'too-large' });
  });

  it('names the first 1,000 errors, and all with ?errors=ndjson', async () => {
    const lines = Array.from({ length: 1_500 }, (_, i) => (i % 3 === 0 ? line() : '{}'));
    const answer = await api.bulk(lines);
    expect(counts(answer)).toEqual([500, 0, 1_000]);
    expect(answer.body.errors).toHaveLength(1_000);
    const worse = await api.bulk(Array.from({ length: 1_234 }, () => 'x'));
    expect(counts(worse)).toEqual([0, 0, 1_234]);
    expect(worse.body.errors).toHaveLength(1_000);
    expect(worse.body.errors[999].line).toBe(1_000);
    const all = await api.bulk([line(), ...Array.from({ length: 1_234 }, () => 'x')], {}, '?errors=ndjson');
    expect(all.headers.get('content-type')).toContain('application/x-ndjson');
    const told = all.text.trimEnd().split('\n');
    expect(told).toHaveLength(1_235);
    expect(JSON.parse(told[0] ?? '')).toEqual({
      line: 2,
      code: 'malformed-body',
      detail: expect.any(String),
    });
    expect(JSON.parse(told.at(-1) ?? '')).toMatchObject({ accepted: 1, duplicates: 0, rejected: 1_234 });
    expectProblem(await api.bulk([line()], {}, '?errors=xml'), 400, 'invalid-query');
  });

  it('answers duplicates to a repeated bulk, by source and by Idempotency-Key', async () => {
    const sourced = Array.from({ length: 50 }, (_, i) => line({ source: { system: 'bulk', id: `s-${i}` } }));
    expect(counts(await api.bulk(sourced))).toEqual([50, 0, 0]);
    expect(counts(await api.bulk(sourced))).toEqual([0, 50, 0]);
    const plain = Array.from({ length: 50 }, () => line());
    const key = { 'idempotency-key': 'my bulk' };
    expect(counts(await api.bulk(plain, key))).toEqual([50, 0, 0]);
    expect(counts(await api.bulk(plain, key))).toEqual([0, 50, 0]);
    // The key of a line is its number: another body there is another command under the same key.
    const [first, second, ...rest] = plain;
    const swapped = await api.bulk([second, first, ...rest], key);
    expect(counts(swapped)).toEqual([0, 48, 2]);
    expect(swapped.body.errors.map(({ code }: { code: string }) => code)).toEqual([
      'idempotency-key-reused',
      'idempotency-key-reused',
    ]);
    // Without either, nothing is known about it.
    expect(counts(await api.bulk(plain.slice(0, 5)))).toEqual([5, 0, 0]);
  });

  it('knows a repeat within one bulk, and the same command over the single route', async () => {
    const repeated = line({ source: { system: 'bulk', id: 'twice' } });
    expect(counts(await api.bulk([repeated, line(), repeated, repeated]))).toEqual([2, 2, 0]);
    const { command: _command, ...body } = repeated;
    const single = await api.post('/v1/touchpoints', body);
    expect([single.status, single.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    const other = await api.bulk([{ ...repeated, content: 'other' }]);
    expect(other.body.errors[0]).toMatchObject({ code: 'idempotency-key-reused' });
  });

  it('lets two bulks with the same lines at the same time write each once', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => line({ source: { system: 'race', id: `r-${i}` } }));
    const answers = await Promise.all([api.bulk(lines), api.bulk(lines), api.bulk(lines.toReversed())]);
    const sums = answers.map(counts);
    expect(sums.map(([, , rejected]) => rejected)).toEqual([0, 0, 0]);
    expect(sums.reduce((sum, [accepted = 0]) => sum + accepted, 0)).toBe(400);
    expect(sums.reduce((sum, [, duplicates = 0]) => sum + duplicates, 0)).toBe(800);
  });

  it('wants application/x-ndjson, and takes an empty body', async () => {
    const json = await api.ask('POST', '/v1/bulk', { raw: '{}' });
    expectProblem(json, 415, 'unsupported-media-type');
    const empty = await post('\n\n  \n');
    expect(empty.body).toEqual({ accepted: 0, duplicates: 0, rejected: 0, errors: [] });
    const nothing = await api.ask('POST', '/v1/bulk', { headers: NDJSON });
    expect([200, 400]).toContain(nothing.status);
    const ndjson = await api.ask('POST', '/v1/touchpoints', { raw: '{}', headers: NDJSON });
    expectProblem(ndjson, 415, 'unsupported-media-type');
  });

  it('streams thousands of lines of 40 customers in one body, each durable and in order', async () => {
    const count = scaled(10_000);
    const customers = Array.from({ length: 40 }, () => somebody());
    const lines = Array.from({ length: count }, (_, i) => {
      return line({ customer: customers[i % 40], content: `line ${i}`, durationSeconds: i });
    });
    expect(counts(await api.bulk(lines))).toEqual([count, 0, 0]);
    const identifier = customers[7]?.identifiers[0];
    const { body } = await api.post('/v1/customers/lookup', { identifier });
    const history = await api.all(`/v1/customers/${body.customerId}/history?limit=500&after=0`);
    expect(history.map(({ data }) => data.durationSeconds)).toEqual(
      Array.from({ length: count / 40 }, (_, i) => 7 + 40 * i),
    );
  });
});
