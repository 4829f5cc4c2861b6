import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Client, expectProblem, somebody, touchpoint, UUID_V7 } from './client';
import type { Loose } from './client';
import { newHome, removeHome, ROOT, Server } from './server';

jest.setTimeout(60_000);

let server: Server;
let api: Client;

beforeAll(async () => {
  server = await Server.start();
  api = server.client();
});
afterAll(() => server.dispose());

describe('keys', () => {
  it('are made, listed and revoked; the key itself is shown once', async () => {
    const made = await api.post('/v1/keys', { name: 'a robot', roles: ['service', 'agent'] });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      keyId: expect.stringMatching(/^key_/),
      key: expect.stringMatching(/^ts_live_/),
      name: 'a robot',
      roles: expect.arrayContaining(['service', 'agent']),
    });
    const listed = await api.get('/v1/keys');
    const found = listed.body.items.find(({ keyId }: Loose) => keyId === made.body.keyId);
    expect(found).toMatchObject({ name: 'a robot' });
    expect(listed.text).not.toContain(made.body.key);
    expect(listed.text).not.toContain('hash');
    expect((await api.ask('DELETE', `/v1/keys/${made.body.keyId}`)).status).toBeLessThan(300);
    expectProblem(await api.ask('DELETE', `/v1/keys/${made.body.keyId}`), 404, 'key-not-found');
    expectProblem(await new Client(server.url, made.body.key).get('/v1/keys'), 401, 'unauthenticated');
  });

  it.each([
    [{}, 400],
    [{ name: 'x' }, 400],
    [{ name: 'x', roles: [] }, 400],
    [{ name: 'x', roles: ['root'] }, 400],
    [{ name: '', roles: ['agent'] }, 400],
    [{ name: ' ', roles: ['agent'] }, 400],
    [{ name: 'x', roles: ['agent'], keyId: 'key_admin' }, 400],
    [{ name: 'x', roles: ['agent'], expiresAt: 'tomorrow' }, 400],
    [{ name: 'x', roles: ['agent'], expiresAt: '2020-01-01T00:00:00Z' }, 422],
  ])('refuse %j with %i', async (body, status) => {
    expect((await api.post('/v1/keys', body)).status).toBe(status);
  });
});

describe('projections', () => {
  it('are listed and rebuilt, beside and switched, with the same answers', async () => {
    const { customerId } = await api.accept('/v1/touchpoints', touchpoint({ content: 'kept' }));
    const before = await api.get(`/v1/customers/${customerId}/timeline?waitFor=1`);
    const { body: listed } = await api.get('/v1/projections');
    expect(listed).toEqual(
      expect.arrayContaining([
        {
          name: 'timeline',
          version: expect.any(Number),
          group: expect.any(String),
          lagEvents: expect.any(Number),
          lagSeconds: expect.any(Number),
          parkedCount: 0,
          parked: [],
        },
      ]),
    );
    for (const name of ['timeline', 'all']) {
      const begun = await api.post(`/v1/projections/${name}/rebuild`);
      expect(begun.status).toBe(202);
      expect(begun.body.rebuildId).toMatch(UUID_V7);
      const done = await api.ended(begun.body.rebuildId);
      expect(done).toMatchObject({ state: 'done', progress: 1, parity: { differing: 0 } });
      const after = await api.get(`/v1/customers/${customerId}/timeline?waitFor=1`);
      expect(after.body).toEqual(before.body);
    }
    expectProblem(await api.post('/v1/projections/nothing/rebuild'), 404, 'projection-not-found');
    expectProblem(await api.get('/v1/rebuilds/nothing'), 404, 'rebuild-not-found');
  });

  it('are the same as from the log, and so is the ledger', async () => {
    await api.bulk(Array.from({ length: 500 }, () => ({ command: 'touchpoint', ...touchpoint() })));
    expect(await api.verified('ledger')).toMatchObject({ state: 'done', ok: true, scope: 'ledger' });
    expect(await api.verified('readmodels')).toMatchObject({ state: 'done', ok: true, scope: 'readmodels' });
    const begun = await api.post('/v1/verifications', { scope: 'ledger' });
    expect(begun.body.verificationId).toMatch(UUID_V7);
    expectProblem(await api.post('/v1/verifications', { scope: 'all' }), 400, 'invalid-body');
    expectProblem(await api.post('/v1/verifications'), 400, 'invalid-body');
    expectProblem(await api.post('/v1/verifications', { scope: 'ledger', x: 1 }), 400, 'invalid-body');
    expect((await api.get('/v1/verifications/nothing')).status).toBe(404);
  });
});

describe('operations', () => {
  it('health is open', async () => {
    const nobody = new Client(server.url, undefined);
    expect((await nobody.get('/health/live')).body).toEqual({ status: 'live' });
    const ready = await nobody.get('/health/ready');
    expect(ready.status).toBe(200);
    expect(ready.body).toMatchObject({
      status: 'ready',
      checks: { projections: { ok: true, groups: expect.any(Object) } },
    });
    expect(ready.text).not.toContain(server.home);
    const docs = await nobody.get('/docs');
    expect([docs.status, docs.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(docs.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const [, path] of docs.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect([path, (await nobody.get(String(path))).status]).toEqual([path, 200]);
    }
  });

  it('metrics are Prometheus text without ids', async () => {
    const { customerId } = await api.accept('/v1/touchpoints', touchpoint());
    await api.get(`/v1/customers/${customerId}`);
    const metrics = await api.get('/metrics');
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(metrics.text).toContain('touchstone_projection_lag_events');
    expect(metrics.text).toMatch(
      /http_request_duration_seconds_count\{[^}]*route="\/v1\/customers\/:customerId"/,
    );
    expect(metrics.text).not.toContain(customerId);
  });
});

interface Listing {
  readonly mounted: readonly { readonly method: string; readonly pattern: string }[];
  readonly differences: readonly string[];
}

/** Boots the very app of the built server in a process of its own and asks it for its routes. */
function mountedRoutes(): Listing {
  const home = newHome();
  const script = `
    require('reflect-metadata');
    const built = (path) => require(${JSON.stringify(join(ROOT, 'dist'))} + path);
    const { createHttpApp } = built('/libs/nest/src/http.js');
    const { mountedRoutes } = built('/libs/nest/src/routes.js');
    const { createOpenApi, openApiDifferences } = built('/libs/nest/src/openapi.js');
    const { openStandalone } = built('/apps/standalone/src/standalone.js');
    const { StandaloneModule } = built('/apps/standalone/src/app.module.js');
    (async () => {
      const dataDirectory = ${JSON.stringify(join(home, 'data'))};
      const standalone = await openStandalone({ dataDirectory, rootKeyFile: dataDirectory + '.key', onFatal() {} });
      const options = { config: { logLevel: 'silent' }, authenticator: standalone.keys };
      const app = await createHttpApp(StandaloneModule.with(standalone, () => standalone.close()), options);
      const mounted = mountedRoutes(app);
      const document = createOpenApi(app, { title: 't', version: '1' });
      const differences = openApiDifferences(document, mounted);
      process.stdout.write(JSON.stringify({ mounted, differences }), () => process.exit(0));
    })();`;
  try {
    const out = execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' });
    const listing: Listing = JSON.parse(out);
    return listing;
  } finally {
    removeHome(home);
  }
}

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 and equal to the mounted routes, both ways', async () => {
    const { body } = await api.get('/openapi.json');
    expect(body.openapi).toMatch(/^3\.1\./);
    const { mounted, differences } = mountedRoutes();
    expect(differences).toEqual([]);
    const shape = (path: string): string => path.replaceAll(/:\w+|\{\w+\}|\*/g, '{}');
    const described = Object.entries<Loose>(body.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${shape(path)}`),
    );
    expect(described.toSorted()).toEqual(mounted.map((r) => `${r.method} ${shape(r.pattern)}`).toSorted());
  });

  it('describes routes that are there: a probe without key meets a guard', async () => {
    const nobody = new Client(server.url, undefined);
    const { body } = await api.get('/openapi.json');
    for (const [path, item] of Object.entries<Loose>(body.paths)) {
      for (const [method, operation] of Object.entries<Loose>(item)) {
        const address = path.replaceAll(/\{\w+\}/g, 'x');
        const { status } = await nobody.ask(method.toUpperCase(), address);
        const open = operation.security?.length === 0;
        const expected = open ? [200, 404] : [401];
        expect([expected.includes(status), method, path, status]).toEqual([true, method, path, status]);
      }
    }
  });

  it('resolves every $ref, and names every path parameter', async () => {
    const { body, text } = await api.get('/openapi.json');
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(Object.keys(body.components.schemas)).toContain(name);
    }
    for (const [path, item] of Object.entries<Loose>(body.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const operation of Object.values<Loose>(item)) {
        const told: string[] = (operation.parameters ?? []).flatMap((p: Loose) =>
          p.in === 'path' ? [p.name] : [],
        );
        expect([path, new Set(told)]).toEqual([path, new Set(names)]);
      }
    }
  });
});

describe('what is not due yet', () => {
  const id = '01890000-0000-7000-8000-000000000000';
  it.each([
    ['POST', `/v1/customers/${id}/merge`],
    ['POST', `/v1/customers/${id}/unmerge`],
    ['GET', `/v1/events/${id}/proof`],
    ['GET', '/tlog/checkpoint'],
    ['GET', '/tlog/tile/0/000'],
  ])('%s %s is not there', async (method, path) => {
    const answer = await api.ask(method, path, method === 'POST' ? { body: somebody() } : {});
    expectProblem(answer, 404, 'not-found');
  });
});
