import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { rebuildVerb } from './rebuild';
import { retryVerb } from './retry';
import { rollbackVerb } from './rollback';
import type { Verb } from './verb';

let server: Server;
let url = '';
let asked: string[] = [];
/** How the change that is asked for ends. */
let status: object = {};
let projections: readonly object[] = [];

beforeEach(async () => {
  asked = [];
  projections = [];
  server = createServer(({ method, url: path = '' }, response) => {
    asked.push(`${method} ${path}`);
    const answer = method === 'POST' ? { rebuildId: 'r' } : path === '/v1/rebuilds/r' ? status : projections;
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function run(verb: Verb, ...args: string[]) {
  let out = '';
  const code = await verb.run(args, {
    connect: () => Promise.resolve({ url, key: 'k', close: () => Promise.resolve() }),
    dataDirectory: '/',
    stdout: { write: (text) => (out += text) },
    stderr: { write: () => true },
    isTTY: false,
    json: false,
  });
  return { code, out };
}

it('a rebuild that finds differences names them and ends with 1', async () => {
  const example = { projection: 'profile', customerId: 'c', what: 'different', fields: ['name'] };
  const parity = { compared: 1200, differing: 1, undecided: 2, parked: 3, examples: [example] };
  status = { state: 'done', events: 3000, parity };
  const { code, out } = await run(rebuildVerb, 'all');
  expect(code).toBe(1);
  expect(out.replace(/\d+\.\d s/, '_')).toBe(
    [
      'built and switched: 3,000 events in _',
      'read models: 1,200 documents, 1 differ from the log',
      '  profile of customer c: different (name)',
      '  2 moved all the while',
      '  3 are of parked customers',
      '',
    ].join('\n'),
  );
  expect(asked[0]).toBe('POST /v1/projections/all/rebuild');
});

it.each([
  [rebuildVerb, 'rebuild', 'failed, nothing was switched'],
  [rollbackVerb, 'rollback', 'failed, nothing was switched'],
  [retryVerb, 'retry', 'failed'],
])('what fails says why and ends with 1', async (verb, name, failed) => {
  status = { state: 'failed', fault: 'no group of this build served all of them before' };
  expect(await run(verb, 'a/b')).toEqual({
    code: 1,
    out: `${failed}: no group of this build served all of them before\n`,
  });
  expect(asked).toEqual([`POST /v1/projections/a%2Fb/${name}`, 'GET /v1/rebuilds/r']);
  expect((await run(verb, 'x', '--json')).out).toBe(`${JSON.stringify(status)}\n`);
});

it('a retry names who is parked still, once a group, and ends with 1', async () => {
  const parked = [{ customerId: 'c', revision: 4, since: '2026-01-01T00:00:00.000Z', reason: 'no\nway' }];
  projections = [
    { name: 'profile', group: 'g1', parked },
    { name: 'timeline', group: 'g1', parked },
    { name: 'other', group: 'g2', parked },
  ];
  status = { state: 'done', projections: ['profile', 'timeline'], parked: 1 };
  expect(await run(retryVerb, 'all')).toEqual({
    code: 1,
    out: '1 still parked\n  customer c since 2026-01-01T00:00:00.000Z: no way\n',
  });
});

it('a rollback says what serves now', async () => {
  projections = [
    { name: 'segments', version: 1, group: 'g1', model: 'm' },
    { name: 'profile', version: 2, group: 'g2' },
  ];
  status = { state: 'done', projections: ['segments'] };
  const { code, out } = await run(rollbackVerb, 'segments');
  expect(code).toBe(0);
  expect(out).toMatch(/^rolled back in \d+\.\d s\n {2}segments@1 is served by g1, model m\n$/);
});
