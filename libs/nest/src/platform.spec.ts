import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Principal } from '#libs/runtime';
import { AUTHENTICATOR } from './guard';
import { HEALTH_CHECKS, Lifecycle } from './health';
import type { HealthResult } from './health';
import { createHttpApp } from './http';
import { createLogger } from './logger';
import { Metrics } from './metrics';
import { openApiDifferences } from './openapi';
import { Policy } from './policy';
import { mountedRoutes } from './routes';

const admin: Principal = { keyId: 'key_admin', roles: ['admin', 'agent'] };
const authenticator = { authenticate: (token: string) => (token === 'good' ? admin : undefined) };
const headers = { authorization: 'Bearer good' };
const lag: { result: HealthResult | Error } = { result: { ok: true, details: { lagEvents: 0 } } };

class Thing {
  @ApiProperty({ required: false, nullable: true })
  readonly name?: string;
}

@Controller('v1/things')
@Policy('commands')
class Things {
  @Post()
  create(@Body() thing: Thing): Thing {
    return thing;
  }

  @Get(':thingId/parts/:partId')
  part(@Param('partId') partId: string): { readonly partId: string } {
    return { partId };
  }

  @Get('tiles/*')
  tile(@Param('*') path: string): { readonly path: string } {
    return { path };
  }
}

@Module({
  controllers: [Things],
  providers: [
    { provide: AUTHENTICATOR, useValue: authenticator },
    {
      provide: HEALTH_CHECKS,
      useValue: [
        {
          name: 'profiles',
          check: () =>
            lag.result instanceof Error ? Promise.reject(lag.result) : Promise.resolve(lag.result),
        },
      ],
    },
  ],
})
class TestModule {}

@Module({
  providers: [
    { provide: HEALTH_CHECKS, useValue: [{ name: 'log', check: () => Promise.resolve({ ok: true }) }] },
  ],
})
class OtherModule {}

@Module({ imports: [TestModule, OtherModule] })
class RootModule {}

let app: NestFastifyApplication;
beforeAll(async () => {
  app = await createHttpApp(RootModule, { config: { logLevel: 'silent' }, logger: createLogger('silent') });
});
afterAll(() => app.close());

const get = (url: string, sent: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers: sent });

describe('health', () => {
  afterEach(() => {
    lag.result = { ok: true, details: { lagEvents: 0 } };
    app.get(Lifecycle).stopping = false;
  });

  it('is open and shows the checks of all modules', async () => {
    expect((await get('/health/live')).json()).toEqual({ status: 'live' });
    const ready = await get('/health/ready');
    expect(ready.statusCode).toBe(200);
    expect(ready.headers).not.toHaveProperty('retry-after');
    expect(ready.json()).toEqual({
      status: 'ready',
      checks: { profiles: { ok: true, lagEvents: 0 }, log: { ok: true } },
    });
  });

  it.each([
    [
      { ok: false, details: { lagEvents: 9 } },
      { ok: false, lagEvents: 9 },
    ],
    [new Error('secret'), { ok: false }],
  ])('is 503 when a check fails, without its words', async (result, shown) => {
    lag.result = result;
    const ready = await get('/health/ready');
    expect([ready.statusCode, ready.json()]).toMatchObject([
      503,
      { status: 'failing', checks: { profiles: shown } },
    ]);
    expect(ready.payload).not.toContain('secret');
    expect(ready.headers['retry-after']).toBe('5');
  });

  it('is 503 while the process stops, though alive', async () => {
    app.get(Lifecycle).stopping = true;
    const ready = await get('/health/ready');
    expect([ready.statusCode, ready.json()]).toMatchObject([503, { status: 'stopping' }]);
    expect(ready.headers.connection).toBe('close');
    expect(ready.headers['retry-after']).toBe('5');
    expect((await get('/health/live')).statusCode).toBe(200);
  });
});

describe('metrics', () => {
  it('need a key', async () => {
    expect((await get('/metrics')).statusCode).toBe(401);
  });

  it('count requests by pattern, method and status, and what a module adds', async () => {
    const metrics = app.get(Metrics);
    metrics.counter({ name: 'things_total', help: 'Things', labels: ['kind'] }).inc({ kind: 'x' });
    metrics.gauge({ name: 'lag_events', help: 'Lag' }, (gauge) => gauge.set(7));
    await get('/v1/things/jane/parts/doe', headers);
    const answer = await get('/metrics', headers);
    expect(answer.headers['content-type']).toContain('text/plain');
    expect(answer.payload).toContain(
      'http_request_duration_seconds_count{method="GET",route="/v1/things/:thingId/parts/:partId",status="200"} 1',
    );
    expect(answer.payload).toMatch(/^process_cpu_seconds_total /m);
    expect(answer.payload).toContain('things_total{kind="x"} 1');
    expect(answer.payload).toContain('lag_events 7');
    expect(answer.payload).not.toMatch(/jane|doe/);
  });
});

describe('OpenAPI', () => {
  it('needs a key', async () => {
    expect((await get('/openapi.json')).statusCode).toBe(401);
  });

  it('is 3.1 and equal to the mounted routes', async () => {
    const answer = await get('/openapi.json', headers);
    expect(answer.headers['content-type']).toContain('application/json');
    const document = answer.json();
    expect(document.openapi).toBe('3.1.0');
    expect(openApiDifferences(document, mountedRoutes(app))).toEqual([]);
    const described = { ...document.paths, '/v1/extra': { get: {} } };
    delete described['/v1/things'];
    expect(openApiDifferences({ paths: described }, mountedRoutes(app))).toEqual([
      'not described: POST /v1/things',
      'not mounted: GET /v1/extra',
    ]);
  });

  it('says who may ask and how each route fails', async () => {
    const { paths, components } = (await get('/openapi.json', headers)).json();
    const { post } = paths['/v1/things'];
    expect(post['x-policy']).toBe('commands');
    expect(post.responses.default.content['application/problem+json'].schema.$ref).toBe(
      '#/components/schemas/Problem',
    );
    expect(paths['/health/live'].get.security).toEqual([]);
    expect(components.schemas.Problem.required).toContain('code');
    expect(components.securitySchemes.key).toMatchObject({ type: 'http', scheme: 'bearer' });
  });
});

describe('the page', () => {
  it('is open, loads nothing from elsewhere and has no inline script', async () => {
    const page = await get('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    expect(page.payload).not.toMatch(/https?:\/\/|<script>|\son\w+=/);
    const files = [...page.payload.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toHaveLength(4);
    for (const file of files) {
      const answer = await get(file);
      expect([file, answer.statusCode]).toEqual([file, 200]);
      expect(answer.headers['cache-control']).toBe('public, max-age=3600');
      expect(answer.rawPayload.length).toBeGreaterThan(500);
    }
  });

  it.each(['package.json', '..%2fpackage.json', 'index.html', '%2e%2e'])(
    'serves no other file: %s',
    async (file) => {
      expect((await get(`/docs/${file}`)).statusCode).toBe(404);
    },
  );
});
