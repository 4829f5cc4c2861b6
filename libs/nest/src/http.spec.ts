import { Body, Controller, Get, Module, Param, Post, Req } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Principal } from '#libs/runtime';
import { createHttpApp } from './http';
import { createLogger } from './logger';
import { Ndjson, Open, Policy } from './policy';
import { ProblemError } from './problems';
import type { ApiRequest } from './request';
import { mountedRoutes } from './routes';

const KEYS: ReadonlyMap<string, Principal> = new Map([
  ['agent-token', { keyId: 'key_agent', roles: ['agent'] }],
  ['analyst-token', { keyId: 'key_analyst', roles: ['analyst'] }],
  ['both-token', { keyId: 'key_both', roles: ['analyst', 'dpo'] }],
  ['schlüssel-token', { keyId: 'key_utf8', roles: ['agent'] }],
]);

const authenticator = {
  authenticate: (token: string) =>
    token === 'broken-vault' ? Promise.reject(new Error('vault')) : Promise.resolve(KEYS.get(token)),
};

@Controller('v1')
@Policy('commands')
class Commands {
  @Post('things')
  create(@Body() body: unknown, @Req() request: ApiRequest): unknown {
    return { body, keyId: request.principal.keyId, access: request.access };
  }

  @Post('bulk')
  @Ndjson()
  async bulk(@Req() request: ApiRequest): Promise<unknown> {
    let bytes = 0;
    for await (const chunk of request.body as AsyncIterable<Buffer>) bytes += chunk.length;
    return { bytes };
  }

  @Get('customers/:id')
  @Policy('customers')
  customer(@Param('id') id: string, @Req() request: ApiRequest): unknown {
    return { id, access: request.access };
  }

  @Get('refused')
  refused(): never {
    throw new ProblemError('revision-mismatch', 'The stream has moved.', { extra: { revision: 7 } });
  }

  @Get('broken')
  broken(): never {
    throw new Error('secret jane@example.com');
  }
}

@Module({ controllers: [Commands] })
class TestModule {}

const lines: string[] = [];
const logger = createLogger('debug', { write: (line) => void lines.push(line) });
const agent = { authorization: 'Bearer agent-token' };
const json = { 'content-type': 'application/json' };
let app: NestFastifyApplication;

beforeAll(async () => {
  app = await createHttpApp(TestModule, { config: { logLevel: 'debug' }, logger, authenticator });
});
afterAll(() => app.close());
beforeEach(() => void lines.splice(0));

function post(payload: string | Buffer, headers: Record<string, string> = {}, url = '/v1/things') {
  return app.inject({ method: 'POST', url, payload, headers: { ...agent, ...json, ...headers } });
}

describe('access', () => {
  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic agent-token' }],
    ['an empty key', { authorization: 'Bearer ' }],
    ['an unknown key', { authorization: 'Bearer nobody' }],
    ['the key in a header of its own', { 'x-api-key': 'agent-token' }],
  ])('answers 401 to %s', async (_name, headers) => {
    const answer = await app.inject({ method: 'GET', url: '/v1/customers/c?key=agent-token', headers });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.json()).toMatchObject({ code: 'unauthenticated', status: 401 });
  });

  it.each([
    ['agent-token', 'clear'],
    ['analyst-token', 'masked'],
    ['both-token', 'clear'],
  ])('shows customers to %s: %s', async (token, access) => {
    const headers = { authorization: `bearer ${token}` };
    const answer = await app.inject({ method: 'GET', url: '/v1/customers/c', headers });
    expect(answer.json()).toEqual({ id: 'c', access });
  });

  it('answers 403 where no role has the right, before it reads the body', async () => {
    const answer = await post('{nonsense', { authorization: 'Bearer analyst-token' });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'forbidden' });
  });

  it('takes a key that is not ASCII as its UTF-8 bytes', async () => {
    const authorization = Buffer.from('Bearer schlüssel-token').toString('latin1');
    const answer = await app.inject({ method: 'GET', url: '/v1/customers/c', headers: { authorization } });
    expect(answer.statusCode).toBe(200);
  });

  it('lets nobody in while keys cannot be read', async () => {
    const answer = await post('{}', { authorization: 'Bearer broken-vault' });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.json()).toMatchObject({ code: 'unavailable' });
  });

  it('refuses to boot with a route that nobody has decided about', async () => {
    @Controller('v1')
    class Undecided {
      @Get('undecided')
      get(): string {
        return '';
      }

      @Get('open')
      @Open()
      open(): string {
        return '';
      }
    }
    @Module({ controllers: [Undecided] })
    class UndecidedModule {}
    await expect(
      createHttpApp(UndecidedModule, { config: { logLevel: 'silent' }, logger, authenticator }),
    ).rejects.toThrow(/GET \/v1\/undecided has no policy.*GET \/v1\/open is open/);
  });

  it('limits a key from elsewhere, never one on this machine', async () => {
    let nowMs = 0;
    const limited = await createHttpApp(TestModule, {
      config: { logLevel: 'silent' },
      logger: createLogger('silent'),
      authenticator,
      clock: { nowMs: () => nowMs },
    });
    const ask = async (remoteAddress: string) =>
      (await limited.inject({ method: 'GET', url: '/v1/customers/c', headers: agent, remoteAddress }))
        .statusCode;
    for (let i = 0; i < 2_000; i++) if ((await ask('10.0.0.1')) !== 200) throw new Error(`refused at ${i}`);
    expect(await ask('10.0.0.1')).toBe(429);
    expect(await ask('::ffff:127.0.0.1')).toBe(200);
    nowMs += 1;
    expect([await ask('10.0.0.1'), await ask('10.0.0.1'), await ask('10.0.0.1')]).toEqual([200, 200, 429]);
    await limited.close();
  });
});

describe('bodies', () => {
  it('passes JSON on, with who asked', async () => {
    const answer = await post('{"name":"Zoë"}', { 'content-type': 'application/json; charset=utf-8' });
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({ body: { name: 'Zoë' }, keyId: 'key_agent', access: 'yes' });
  });

  it('takes an empty body for none', async () => {
    expect((await post('')).json()).toEqual({ keyId: 'key_agent', access: 'yes' });
  });

  it.each([
    ['not JSON', '{"name":'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['with a byte order mark', '\ufeff{}'],
    ['nested too deep', `${'['.repeat(19)}${']'.repeat(19)}`],
    ['nested a hundred thousand deep', '['.repeat(100_000)],
  ])('answers 400 to a body that is %s', async (_name, body) => {
    const answer = await post(body);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({
      code: 'malformed-body',
      type: 'urn:touchstone:problem:malformed-body',
    });
  });

  it('counts no brackets of strings as nesting', async () => {
    const text = `\\"${'['.repeat(50)}`;
    expect((await post(JSON.stringify({ text }))).statusCode).toBe(201);
    expect((await post(`${'['.repeat(18)}${']'.repeat(18)}`)).statusCode).toBe(201);
  });

  it('keeps __proto__ a member of its own', async () => {
    const answer = await post('{"__proto__":{"polluted":1}}');
    expect(answer.statusCode).toBe(201);
    expect(answer.payload).toContain('"__proto__"');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('takes 384 KiB and no byte more', async () => {
    const body = (bytes: number) => `"${'a'.repeat(bytes - 2)}"`;
    expect((await post(body(384 * 1024))).statusCode).toBe(201);
    const answer = await post(body(384 * 1024 + 1));
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ code: 'too-large' });
  });

  it.each([
    ['text/plain', '/v1/things'],
    ['application/x-ndjson', '/v1/things'],
    ['nonsense', '/v1/things'],
    ['application/json', '/v1/bulk'],
  ])('answers 415 to %s at %s', async (type, url) => {
    const answer = await post('{}', { 'content-type': type }, url);
    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toMatchObject({ code: 'unsupported-media-type' });
  });

  it('answers 415 to a compressed command', async () => {
    expect((await post('{}', { 'content-encoding': 'gzip' })).statusCode).toBe(415);
  });

  it('hands the stream of a bulk on, however long', async () => {
    const body = '{}\n'.repeat(1_000_000);
    const answer = await post(body, { 'content-type': 'application/x-ndjson' }, '/v1/bulk');
    expect(answer.json()).toEqual({ bytes: 3_000_000 });
  });
});

const LONG_PATH = `/v1/customers/${'x'.repeat(4_000)}`;

describe('problems', () => {
  it('answers what a controller throws', async () => {
    const answer = await app.inject({ method: 'GET', url: '/v1/refused', headers: agent });
    expect(answer.statusCode).toBe(412);
    expect(answer.json()).toEqual({
      type: 'urn:touchstone:problem:revision-mismatch',
      title: 'The stream has moved',
      status: 412,
      detail: 'The stream has moved.',
      code: 'revision-mismatch',
      revision: 7,
      requestId: answer.headers['x-request-id'],
    });
  });

  it('shows nothing of a fault, and logs it without personal data', async () => {
    const headers = { ...agent, 'x-request-id': 'my-request.1' };
    const answer = await app.inject({ method: 'GET', url: '/v1/broken', headers });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ code: 'internal', requestId: 'my-request.1' });
    expect(answer.payload).not.toMatch(/secret|stack|jane/);
    const log = lines.join('');
    expect(log).toContain('"message":"secret …"');
    expect(log).toContain('"requestId":"my-request.1"');
    expect(log).not.toContain('jane');
  });

  it.each([
    ['GET', '/v1/nothing', 404, 'not-found', undefined],
    ['POST', '/nothing', 404, 'not-found', undefined],
    ['DELETE', '/v1/things?x=1', 405, 'method-not-allowed', 'POST'],
    ['OPTIONS', '/v1/customers/c', 405, 'method-not-allowed', 'GET, HEAD'],
    ['GET', '/v1/%zz', 400, 'bad-request', undefined],
    ['GET', LONG_PATH, 414, 'uri-too-long', undefined],
  ] as const)('answers %s %.40s with %i %s, without a key', async (method, url, status, code, allow) => {
    const answer = await app.inject({ method, url });
    expect([answer.statusCode, answer.json()]).toMatchObject([status, { code, status }]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers.allow).toBe(allow);
    expect(answer.payload).not.toContain(url.slice(1));
  });
});

it('answers 404 to an empty id', async () => {
  const answer = await app.inject({ method: 'GET', url: '/v1/customers/', headers: agent });
  expect([answer.statusCode, answer.json()]).toMatchObject([404, { code: 'not-found' }]);
});

describe('answers', () => {
  it('carry security headers and the request id', async () => {
    const { headers } = await app.inject({ method: 'GET', url: '/v1/customers/c', headers: agent });
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('make an id of their own where the given one is not fit for a log', async () => {
    const headers = { ...agent, 'x-request-id': 'a b' };
    const answer = await app.inject({ method: 'GET', url: '/v1/customers/c', headers });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('to HEAD are those to GET without the body, with the same guard', async () => {
    const answer = await app.inject({ method: 'HEAD', url: '/v1/customers/c', headers: agent });
    expect([answer.statusCode, answer.payload]).toEqual([200, '']);
    expect((await app.inject({ method: 'HEAD', url: '/v1/customers/c' })).statusCode).toBe(401);
  });

  it('are logged by pattern and key, never by address', async () => {
    await app.inject({ method: 'GET', url: '/v1/customers/jane?q=doe', headers: agent });
    await app.inject({ method: 'GET', url: '/jane/doe' });
    const logged = lines.map((line): unknown => JSON.parse(line));
    expect(logged).toMatchObject([
      { level: 'debug', method: 'GET', route: '/v1/customers/:id', status: 200, keyId: 'key_agent' },
      { level: 'info', method: 'GET', route: 'none', status: 404 },
    ]);
    expect(lines.join('')).not.toMatch(/jane|doe|agent-token/);
  });
});

it('lists what is mounted, once a method', () => {
  const routes = mountedRoutes(app).map(({ method, pattern }) => `${method} ${pattern}`);
  expect(routes).toHaveLength(new Set(routes).size);
  expect(routes).toEqual(
    expect.arrayContaining([
      'POST /v1/things',
      'GET /health/ready',
      'GET /metrics',
      'GET /openapi.json',
      'GET /docs',
    ]),
  );
  expect(routes.some((route) => route.startsWith('HEAD'))).toBe(false);
});
