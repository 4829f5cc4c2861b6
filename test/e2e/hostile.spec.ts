import { Client, expectProblem, somebody, touchpoint } from './client';
import type { Answer, Loose } from './client';
import { Raw } from './raw';
import { ADMIN_KEY, Server } from './server';

jest.setTimeout(60_000);

let server: Server;
let api: Client;
let known: Loose;

beforeAll(async () => {
  server = await Server.start();
  api = server.client();
  known = await api.accept('/v1/touchpoints', touchpoint({ content: 'known' }));
});
afterEach(async () => {
  expect((await api.get('/health/live')).status).toBe(200);
});
afterAll(async () => {
  await server.dispose();
  // Nothing of all this may have been a fault of ours, and none of it may stand in the log.
  const faults = server.output.split('\n').filter((line) => /"level":"(error|fatal)"/.test(line));
  expect(faults.filter((line) => !CLIENT_LEFT.test(line))).toEqual([]);
  expect(server.output.includes('HOSTILE')).toBe(false);
});

const post = (raw: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
  api.ask('POST', '/v1/touchpoints', { raw, headers });
/** A client that goes away in the middle of a bulk is logged as an error of ours; it should not be. */
const CLIENT_LEFT = /ECONNRESET/;
const JSON_LIMIT = 384 * 1024;
const escaped = (value: string): string =>
  JSON.stringify(touchpoint({ content: 'PLACE' })).replace('PLACE', value);

describe('bodies', () => {
  it.each([
    ['nested arrays', '['.repeat(100_000)],
    ['nested objects', '{"a":'.repeat(50_000)],
    ['nested attributes', JSON.stringify(touchpoint({ attributes: nest(17) }))],
    ['nested attribute lists', JSON.stringify(touchpoint({ attributes: { a: nestList(17) } }))],
    ['an open string', '{"a":"HOSTILE'],
    ['NaN', '{"durationSeconds":NaN}'],
    ['a comment', '/* HOSTILE */{}'],
    ['a byte order mark', '\uFEFF{}'],
    ['two values', '{}{}'],
    ['a single quote', "{'a':1}"],
    ['only blanks', '   '],
  ])('%s is a 400', async (_name, raw) => {
    const answer = await post(raw);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('HOSTILE');
  });

  it('takes attributes nested 16 deep', async () => {
    await api.accept('/v1/touchpoints', touchpoint({ attributes: nest(16) }));
  });

  it.each(['1e309', '-1e309', '1.5', '9007199254740992', '1e400', '-1', '"5"', '1e-5', 'true'])(
    'a number %s is refused where it does not fit, and never changed',
    async (number) => {
      const raw = JSON.stringify(touchpoint({ durationSeconds: 'N' })).replace('"N"', number);
      expectProblem(await post(raw), 400, 'invalid-body');
      if (/^["t-]/.test(number) && number !== '-1e309') return;
      const attributes = JSON.stringify(touchpoint({ attributes: { n: 'N' } })).replace('"N"', number);
      expectProblem(await post(attributes), 400, 'invalid-body');
    },
  );

  it('keeps numbers that are written otherwise but are safe integers', async () => {
    const raw = JSON.stringify(touchpoint({ attributes: { n: 'N' } })).replace('"N"', '1e2');
    const made = await post(raw);
    expect(made.status).toBe(201);
    const { body } = await api.get(`/v1/customers/${made.body.customerId}/timeline?waitFor=1`);
    expect(body.items[0].attributes).toEqual({ n: 100 });
  });

  it.each(['\\ud800', '\\udc00x', 'a\\ud83d', '\\ude00\\ud83d'])(
    'a lone surrogate %s is refused in every text',
    async (surrogate) => {
      expectProblem(await post(escaped(surrogate)), 400, 'invalid-body');
      const inKey = JSON.stringify(touchpoint({ attributes: { K: 1 } })).replace('"K"', `"${surrogate}"`);
      expectProblem(await post(inKey), 400, 'invalid-body');
      const inValue = JSON.stringify(touchpoint({ attributes: { k: ['V'] } })).replace('V', surrogate);
      expectProblem(await post(inValue), 400, 'invalid-body');
      const id = JSON.stringify(touchpoint({ source: { system: 's', id: 'PLACE' } }));
      expectProblem(await post(id.replace('PLACE', surrogate)), 400, 'invalid-body');
      const name = JSON.stringify({ ...somebody(), name: 'PLACE' }).replace('PLACE', surrogate);
      expectProblem(await api.ask('POST', '/v1/customers', { raw: name }), 400, 'invalid-body');
    },
  );

  it.each(['\u0000', 'a\u0000b', '\u202e', '\ufeff', '\u2028', '\ud83d\ude00', 'e\u0301', '\uffff'])(
    'text %j comes back as it was given',
    async (content) => {
      const { customerId } = await api.accept('/v1/touchpoints', touchpoint({ content, subject: content }));
      const { body } = await api.get(`/v1/customers/${customerId}/timeline?waitFor=1`);
      expect(body.items[0]).toMatchObject({ content, subject: content });
      const { body: history } = await api.get(`/v1/customers/${customerId}/history?after=0`);
      expect(history.items[0].data.content).toBe(content);
    },
  );

  it.each([
    '{"__proto__":{"channel":"chat"}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"toString":1,"hasOwnProperty":2}',
  ])('%s pollutes nothing', async (raw) => {
    expectProblem(await post(raw), 400, 'invalid-body');
    const made = await api.accept('/v1/touchpoints', touchpoint());
    expect(made.revision).toBe(1);
  });

  it.each(['__proto__', 'a\u0000', '\u007f', 'x'.repeat(65), ''])(
    'an attribute named %j is refused',
    async (k) => {
      const attributes = JSON.stringify({ PLACE: 1 }).replace('PLACE', JSON.stringify(k).slice(1, -1));
      const raw = JSON.stringify(touchpoint({ attributes: 'PLACE' })).replace('"PLACE"', attributes);
      expectProblem(await post(raw), 400, 'invalid-body');
    },
  );

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', '$ne', 'a.b', '0'])(
    'an attribute named %s is kept',
    async (name) => {
      const attributes = { [name]: name, inner: { [name]: [name] } };
      const { customerId } = await api.accept('/v1/touchpoints', touchpoint({ attributes }));
      const { body } = await api.get(`/v1/customers/${customerId}/timeline?waitFor=1`);
      expect(body.items[0].attributes).toEqual(attributes);
      const changed = await api.patch(`/v1/customers/${customerId}`, { attributes });
      expect(changed.status).toBe(201);
      const { body: profile } = await api.get(`/v1/customers/${customerId}?waitFor=2`);
      expect(profile.attributes).toEqual(attributes);
    },
  );

  it('codes that are names of object members count like others', async () => {
    const { customerId, eventId } = await api.accept(
      '/v1/touchpoints',
      touchpoint({ agent: 'constructor', outcome: '__proto__', campaignId: 'tostring' }),
    );
    await api.accept(`/v1/touchpoints/${eventId}/status`, { status: '__proto__', code: 'constructor' });
    const { body } = await api.get(`/v1/customers/${customerId}/timeline?waitFor=2`);
    expect(body.items[0]).toMatchObject({ agent: 'constructor', outcome: '__proto__', status: '__proto__' });
  });

  it('duplicate JSON keys are no way around a check', async () => {
    const raw = JSON.stringify(touchpoint()).replace(
      '"channel":"chat"',
      '"channel":"chat","channel":"pigeon"',
    );
    expectProblem(await post(raw), 400, 'invalid-body');
  });

  it('invalid UTF-8 is refused, wherever it stands', async () => {
    const good = Buffer.from(escaped('PLACE'));
    const at = good.indexOf('PLACE');
    for (const bad of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0x80]]) {
      const raw = Buffer.concat([good.subarray(0, at), Buffer.from(bad), good.subarray(at)]);
      expectProblem(await post(raw), 400, 'malformed-body');
    }
    expectProblem(await post(Buffer.from('{}', 'utf16le')), 400, 'malformed-body');
  });

  it('384 KiB is the limit, to the byte', async () => {
    const json = JSON.stringify(touchpoint());
    expect((await post(json + ' '.repeat(JSON_LIMIT - json.length))).status).toBe(201);
    expectProblem(await post(json + ' '.repeat(JSON_LIMIT + 1 - json.length)), 413, 'too-large');
    expectProblem(await post('x'.repeat(3 * JSON_LIMIT)), 413, 'too-large');
    const attributes = { a: 'x'.repeat(16 * 1024) };
    expectProblem(await api.post('/v1/touchpoints', touchpoint({ attributes })), 400, 'invalid-body');
    const most = { a: 'x'.repeat(16 * 1024 - '{"a":""}'.length) };
    await api.accept('/v1/touchpoints', touchpoint({ attributes: most }));
  });

  it('a body of any other type is 415', async () => {
    const types = [
      'text/plain',
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'x',
    ];
    for (const type of [...types, 'application/x-www-form-urlencoded']) {
      expectProblem(await post('{}', { 'content-type': type }), 415, 'unsupported-media-type');
    }
    const good = 'APPLICATION/json; charset=UTF-8';
    expect((await post(JSON.stringify(touchpoint()), { 'content-type': good })).status).toBe(201);
    for (const encoding of ['gzip', 'br', 'x']) {
      expectProblem(await post('{}', { 'content-encoding': encoding }), 415, 'unsupported-media-type');
    }
  });
});

describe('addresses', () => {
  const evil = [
    "' OR 1=1 --",
    '"; DROP TABLE x;',
    '%',
    '_',
    '*',
    '\u0000',
    '{"$gt":""}',
    '[object Object]',
    '../../etc/passwd',
    '..%2f..',
    '\ud83d\ude00',
    '-1',
    'NULL',
    '1)',
    'a'.repeat(1_000),
    '\\',
    '\r\nX: y',
  ];

  it.each(evil)('%j in every filter is no 500 and finds nothing it should not', async (value) => {
    const v = encodeURIComponent(value);
    const id = known.customerId;
    for (const name of [
      'channel',
      'kind',
      'direction',
      'from',
      'to',
      'order',
      'limit',
      'cursor',
      'waitFor',
    ]) {
      const answer = await api.get(`/v1/customers/${id}/timeline?${name}=${v}`);
      expect([name, answer.status]).toEqual([name, 400]);
    }
    const q = await api.get(`/v1/customers/${id}/timeline?q=${v}`);
    expect([200, 400]).toContain(q.status);
    for (const path of [
      `/v1/customers/${v}`,
      `/v1/customers/${v}/timeline`,
      `/v1/customers/${v}/history`,
      `/v1/events/${v}`,
      `/v1/rebuilds/${v}`,
      `/v1/verifications/${v}`,
      `/docs/${v}`,
      `/v1/feed?types=A${v}`,
    ]) {
      const answer = await api.get(path);
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
      expect(answer.text).not.toMatch(/root:|SQLITE|node_modules/);
    }
    const key = await api.ask('DELETE', `/v1/keys/${v}`);
    expect(key.status).toBeGreaterThanOrEqual(400);
    expect(key.status).toBeLessThan(500);
    const rebuild = await api.post(`/v1/projections/${v}/rebuild`);
    expect([404, 400, 414]).toContain(rebuild.status);
    const identifier = { type: 'crm', value };
    const lookup = await api.post('/v1/customers/lookup', { identifier });
    expect([404, 400]).toContain(lookup.status);
    const found = await api.accept(
      '/v1/touchpoints',
      touchpoint({ customer: { identifiers: [identifier] } }),
    );
    const again = await api.post('/v1/customers/lookup', { identifier });
    expect(again.body.customerId).toBe(found.customerId);
  });

  it.each([
    ['GET /%', 400],
    ['GET /v1/customers/%E0%A4%A', 400],
    ['GET /docs/../../etc/passwd', 404],
    ['GET /docs/..%2f..%2fpackage.json', 404],
    ['GET /docs/%2e%2e/%2e%2e/package.json', 404],
    ['GET //etc/passwd', 404],
    ['GET http://evil.example/health/live', 200],
    ['GET *', 404],
  ])('%s', async (line, expected) => {
    const status = await Raw.say(
      server.url,
      `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nConnection: close\r\n\r\n`,
    );
    expect(status).toBeLessThan(500);
    if (expected !== 200 && expected !== 404) expect(status).toBe(expected);
    else expect([200, 400, 404]).toContain(status);
  });
});

describe('HTTP', () => {
  it.each([
    ['no HTTP', 'HOSTILE\r\n\r\n', [400]],
    ['a line feed in a header', 'GET /health/live HTTP/1.1\r\nHost: x\r\nA: b\nC d\r\n\r\n', [400]],
    ['a NUL in a header', 'GET /health/live HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n', [400]],
    ['huge headers', `GET /health/live HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(40_000)}\r\n\r\n`, [431]],
    ['many headers', `GET /health/live HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(5_000)}\r\n`, [200, 431]],
    [
      'two lengths',
      'POST /v1/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      [400],
    ],
    [
      'length and chunks',
      'POST /v1/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      [400],
    ],
    ['a bad length', 'POST /v1/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', [400]],
    ['no host', 'GET /health/live HTTP/1.1\r\n\r\n', [200, 400]],
    ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 0]],
  ])('%s is answered and hurts nobody', async (_name, text, expected) => {
    expect(expected).toContain(await Raw.say(server.url, text));
  });

  it('bad chunks in a body are the client’s fault', async () => {
    const head = `Host: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nTransfer-Encoding: chunked\r\n`;
    for (const [path, type] of [
      ['/v1/touchpoints', 'application/json'],
      ['/v1/bulk', 'application/x-ndjson'],
    ]) {
      const text = `POST ${path} HTTP/1.1\r\n${head}Content-Type: ${type}\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n`;
      expect([400, 0]).toContain(await Raw.say(server.url, text));
    }
  });

  it.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'])('%s of anything is no 500', async (method) => {
    for (const path of ['/health/live', '/v1/touchpoints', '/v1/customers/x', '/docs', '/', '/nothing']) {
      const { status } = await api.ask(method, path);
      expect([path, status < 500]).toEqual([path, true]);
    }
  });

  it('TRACE and CONNECT show nothing of the request', async () => {
    const headers = `Host: x\r\nAuthorization: Bearer HOSTILE\r\nConnection: close\r\n\r\n`;
    for (const line of ['TRACE /health/live', 'CONNECT x:1', 'BREW /pot']) {
      const raw = await Raw.open(server.url);
      raw.socket.write(`${line} HTTP/1.1\r\n${headers}`);
      await raw.answered();
      expect(raw.status).toBeLessThan(500);
      expect(raw.received).not.toContain('HOSTILE');
      raw.socket.destroy();
    }
  });

  it('HEAD of the feed ends', async () => {
    const head = await api.ask('HEAD', '/v1/feed', { timeoutMs: 5_000 });
    expect([200, 404, 405]).toContain(head.status);
  });

  it('a slow body holds nobody else up, and half a command writes nothing', async () => {
    const slow = await Raw.open(server.url);
    const head = `Host: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nContent-Type: application/json\r\n`;
    const customer = somebody();
    const json = JSON.stringify(touchpoint({ customer }));
    slow.socket.write(`POST /v1/touchpoints HTTP/1.1\r\n${head}Content-Length: ${json.length}\r\n\r\n`);
    for (const letter of json.slice(0, 20)) slow.socket.write(letter);
    await Promise.all(Array.from({ length: 20 }, () => api.accept('/v1/touchpoints', touchpoint())));
    slow.socket.destroy();
    const identifier = customer.identifiers[0];
    expectProblem(await api.post('/v1/customers/lookup', { identifier }), 404, 'customer-not-found');
  });

  it('a bulk that breaks off keeps its whole lines and takes the rest later', async () => {
    const lines = Array.from({ length: 3 }, (_, i) =>
      JSON.stringify({ command: 'touchpoint', ...touchpoint({ source: { system: 'cut', id: `${i}` } }) }),
    );
    const raw = await Raw.open(server.url);
    const head = `Host: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nContent-Type: application/x-ndjson\r\n`;
    raw.socket.write(
      `POST /v1/bulk HTTP/1.1\r\n${head}Content-Length: 100000\r\n\r\n${lines[0]}\n${lines[1]}`,
    );
    raw.socket.end();
    await raw.answered();
    expect(raw.status).not.toBe(200);
    // The client's mistake, not ours to be woken for.
    expect(server.output).not.toContain('"level":"error"');
    const { body } = await api.bulk(lines);
    expect(body.accepted + body.duplicates).toBe(3);
    expect(body.rejected).toBe(0);
  });

  it('a hundred connections that say nothing cost nothing', async () => {
    const idle = await Promise.all(Array.from({ length: 100 }, () => Raw.open(server.url)));
    await api.accept('/v1/touchpoints', touchpoint());
    for (const { socket } of idle) socket.destroy();
  });

  it('no key travels in an address', async () => {
    const nobody = new Client(server.url, undefined);
    for (const name of ['key', 'token', 'access_token', 'api_key']) {
      const answer = await nobody.get(`/v1/projections?${name}=${ADMIN_KEY}`);
      expectProblem(answer, 401, 'unauthenticated');
    }
    expect(server.output.includes(ADMIN_KEY)).toBe(false);
  });
});

function nest(depth: number): Loose {
  return depth === 1 ? { a: 1 } : { a: nest(depth - 1) };
}

function nestList(depth: number): Loose {
  return depth === 1 ? [] : [nestList(depth - 1)];
}
