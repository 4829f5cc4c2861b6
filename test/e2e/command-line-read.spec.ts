import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Client, Loose } from './client';
import { newHome, removeHome, ROOT, Server } from './server';
import { eventually } from './wait';

const CLI = join(ROOT, 'dist/apps/cli/src/main.js');
jest.setTimeout(60_000);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let home = '';
let server: Server;
let api: Client;
let zoe = '';

const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOUCHSTONE_'));

function start(args: readonly string[]) {
  const env = Object.fromEntries(inherited);
  return spawn(process.execPath, [CLI, ...args], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The built command line beside the running server of `./data`. */
function touchstone(...args: readonly string[]): Promise<Ran> {
  const child = start(args);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  return new Promise((done) => child.once('close', (code) => done({ code, ...said })));
}

function linesOf({ out }: Ran): Loose[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Customers 0 to 7; the later ones bought more often, more lately and for more. */
function story(): object[] {
  const lines: object[] = [];
  for (let i = 0; i < 8; i++) {
    const customer = { identifiers: [{ type: 'email', value: `c${i}@example.com` }] };
    for (let n = 0; n <= i; n++) {
      lines.push({
        command: 'purchase',
        customer,
        orderId: `o-${i}-${n}`,
        total: { amount: `${10 * (i + 1)}.50`, currency: 'GBP' },
        occurredAt: `2026-0${1 + (n % 9)}-1${n}T12:00:00.000Z`,
      });
    }
    lines.push({
      command: 'touchpoint',
      customer,
      channel: i % 2 === 0 ? 'email' : 'chat',
      direction: 'inbound',
      content: i === 0 ? '=1+1, "quoted"\nand broken' : `text ${i}`,
      occurredAt: `2026-03-0${i + 1}T09:00:00.000Z`,
    });
    lines.push({ command: 'survey-answer', customer, instrument: 'csat', score: 1 + (i % 5) });
  }
  return lines;
}

beforeAll(async () => {
  home = newHome();
  server = await Server.start({ home });
  api = server.client();
  const { body } = await api.bulk(story());
  if (body.rejected !== 0) throw new Error(JSON.stringify(body));
  const found = await api.post('/v1/customers/lookup', {
    identifier: { type: 'email', value: 'c7@example.com' },
  });
  zoe = found.body.customerId;
  await eventually('all is folded', async () => {
    const { body: projections } = await api.get('/v1/projections');
    return projections.every(({ lagEvents }: Loose) => lagEvents === 0) ? true : undefined;
  });
});
afterAll(async () => {
  await server.stop();
  removeHome(home);
});

it('has help for each verb', async () => {
  const verbs = ['export', 'models', 'replay', 'rebuild', 'rollback', 'retry'];
  const all = await Promise.all(verbs.map((verb) => touchstone(verb, '--help')));
  for (const [i, { code, out }] of all.entries()) {
    expect(code).toBe(0);
    expect(out).toContain(`touchstone ${verbs[i]}`);
  }
});

it('ends a wrong call with 2 and one line', async () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['models'], 'say fit, list or activate'],
    [['models', 'fit', '--as-of', 'today'], '--as-of needs an instant (2026-01-31T00:00:00Z)'],
    [['models', 'activate', 'x'], 'a model is an id, or latest'],
    [['export', 'timeline', '--by', 'day'], '--by is for contacts, satisfaction'],
    [['rollback'], 'name one projection, or all'],
    [['replay', zoe, '--at', '1', '--diff', '1..2'], 'give --at or --diff, not both'],
    [['replay', zoe, '--at', '1', '--after', '1'], '--after is for a history, without --at and --diff'],
    [['replay', zoe, '--axis', 'occurred'], '--axis is for --at'],
  ];
  const all = await Promise.all(wrong.map(([args]) => touchstone(...args)));
  expect(all).toEqual(wrong.map(([, line]) => ({ code: 2, out: '', err: `touchstone: ${line}\n` })));
});

describe('models', () => {
  it('are none, and then fitted, listed, activated', async () => {
    expect(await touchstone('models', 'list')).toMatchObject({ code: 0, out: '' });
    expect(await touchstone('models', 'activate', 'latest')).toMatchObject({
      code: 1,
      err: 'touchstone: no model has been fitted: touchstone models fit\n',
    });
    expect(await touchstone('models', 'fit', '--as-of', '2020-01-01T00:00:00Z')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^touchstone: nobody-to-fit: .*\n$/),
    });
    const fitted = await touchstone('models', 'fit', '--as-of', '2026-10-01T00:00:00Z');
    expect(fitted).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^[-0-9a-f]{36} {2}fitted as of 2026-10-01T00:00:00.000Z: 8 customers, GBP\n$/,
      ),
    });
    const [modelId = ''] = fitted.out.split(' ');
    expect((await touchstone('models', 'list')).out).toMatch(new RegExp(`^${modelId} .*, never active\n$`));
    expect(await touchstone('models', 'activate', 'latest')).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        new RegExp(
          `^${modelId} is active: .*\nbeside those that served before: \\d+ documents, \\d+ differ\n$`,
        ),
      ),
    });
    const [listed] = linesOf(await touchstone('models', 'list', '--json'));
    expect(listed).toMatchObject({ modelId, active: true, activatedAt: [expect.any(String)] });
    expect((await touchstone('models', 'list')).out).toMatch(/, active since .*\n$/);
  });
});

describe('exports', () => {
  it('of every kind have what the API answers', async () => {
    const customers = await api.all('/v1/customers');
    expect(customers).toHaveLength(8);
    expect(linesOf(await touchstone('export', 'profiles'))).toEqual(customers);
    for (const what of ['timeline', 'purchases']) {
      const expected: Loose[] = [];
      for (const { customerId } of customers) {
        const query = what === 'timeline' ? '?order=asc' : '';
        const items = await api.all(`/v1/customers/${customerId}/${what}${query}`);
        expected.push(...items.map((item) => ({ customerId, ...item })));
      }
      expect(linesOf(await touchstone('export', what))).toEqual(expected);
    }
    const [loyalty] = linesOf(await touchstone('export', 'loyalty', '--customer', zoe));
    expect(loyalty).toEqual({ customerId: zoe, ...(await api.get(`/v1/customers/${zoe}/loyalty`)).body });
    const segments = await api.all('/v1/segments');
    expect(linesOf(await touchstone('export', 'segments'))).toEqual(segments);
    const members = linesOf(await touchstone('export', 'members'));
    expect(members).toHaveLength(8);
    const [{ segmentId }] = members;
    expect(linesOf(await touchstone('export', 'members', '--segment', segmentId))).toEqual(
      members.filter((member) => member.segmentId === segmentId),
    );
    const inSegment = linesOf(await touchstone('export', 'profiles', '--segment', segmentId));
    expect(inSegment).toHaveLength(segments.find((one) => one.segmentId === segmentId).size);
  });

  it('of metrics are rows with their range', async () => {
    const contacts = linesOf(await touchstone('export', 'contacts', '--by', 'month,channel'));
    const range = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-09T00:00:00.000Z' };
    expect(contacts).toEqual([
      { ...range, month: '2026-03', channel: 'chat', count: 4 },
      { ...range, month: '2026-03', channel: 'email', count: 4 },
    ]);
    const [satisfaction] = linesOf(await touchstone('export', 'satisfaction'));
    expect(satisfaction).toEqual((await api.get('/v1/metrics/satisfaction')).body);
    expect(satisfaction.csat.answers).toBe(8);
  });

  it('write CSV that another reader takes in, without formulas', async () => {
    const file = join(home, 'timeline.csv');
    const ran = await touchstone('export', 'timeline', '--out', file);
    expect(ran).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(
        /^52 rows into .* in .* s, .*: .*timeline@\d.* in g\d+-[0-9a-f]+, 0 events behind/,
      ),
    });
    const rows: Record<string, string>[] = parse(readFileSync(file, 'utf8'), {
      columns: true,
      record_delimiter: '\r\n',
    });
    expect(rows).toHaveLength(52);
    const said = rows.find(({ content }) => content?.includes('quoted'));
    expect(said?.['content']).toBe(`'=1+1, "quoted"\nand broken`);
    expect(rows.filter((row) => row['total.amount'] === '80.50')).toHaveLength(8);
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it('that are killed leave no file of that name, and can be run again', async () => {
    const file = join(home, 'killed.ndjson');
    // A server that begins to answer and then says nothing more.
    const silent = createServer((request, response) => {
      if (request.url === '/v1/projections') response.end('[]');
    });
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port } = silent.address() as AddressInfo;
    const verb = start([
      'export',
      'profiles',
      '--out',
      file,
      '--url',
      `http://127.0.0.1:${port}`,
      '--key',
      'k',
    ]);
    const ended = new Promise((done) => verb.once('exit', (_code, signal) => done(signal)));
    await eventually('the part is there', () => (existsSync(`${file}.part`) ? true : undefined));
    verb.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    silent.closeAllConnections();
    await new Promise((closed) => silent.close(closed));
    expect(existsSync(file)).toBe(false);
    expect(await touchstone('export', 'profiles', '--out', file)).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8').match(/\n/g)).toHaveLength(8);
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it('name what is not there in one line', async () => {
    expect(await touchstone('export', 'members', '--segment', 'nope')).toMatchObject({
      code: 1,
      out: '',
      err: 'touchstone: segment-not-found: There is no such segment.\n',
    });
    expect(await touchstone('export', 'profiles', '--out', home)).toMatchObject({
      code: 1,
      err: `touchstone: ${home} can't be written: it is a directory\n`,
    });
  });
});

describe('replay', () => {
  it('prints a state as the API answers it, and for people', async () => {
    const asked = await api.get(`/v1/customers/${zoe}/state?at=3`);
    const asJson = await touchstone('replay', 'email:c7@example.com', '--at', '3', '--json');
    expect(linesOf(asJson)).toEqual([asked.body]);
    const { code, out } = await touchstone('replay', zoe, '--at', '3');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^customer ${zoe} at 3, revision 3, model `));
    expect(out).toMatch(/^ {2}\/profile\/purchases\/count +3$/m);
    const later = await touchstone(
      'replay',
      zoe,
      '--at',
      '2026-02-01T00:00:00Z',
      '--axis',
      'occurred',
      '--json',
    );
    expect(linesOf(later)[0].profile.purchases.count).toBe(1);
  });

  it('prints what changed, and why', async () => {
    const asked = await api.get(`/v1/customers/${zoe}/diff?from=1&to=3`);
    expect(linesOf(await touchstone('replay', zoe, '--diff', '1..3', '--json'))).toEqual([asked.body]);
    const { out } = await touchstone('replay', zoe, '--diff', '1..3');
    expect(out).toMatch(/^from 1 to 3: \d+ changes\n/);
    expect(out).toMatch(/^ {2}\/profile\/purchases\/count {2}1 → 3 {2}because [-0-9a-f]{36} [-0-9a-f]{36}$/m);
  });
});

describe('what serves', () => {
  const groupOf = async (name: string): Promise<string> => {
    const { body } = await api.get('/v1/projections');
    return body.find((projection: Loose) => projection.name === name).group;
  };

  it('is rebuilt, rolled back, and rolled back again', async () => {
    const before = await groupOf('timeline');
    const rebuilt = await touchstone('rebuild', 'timeline');
    expect(rebuilt).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^built and switched: .* events in .* s\nread models: .*, nothing differs\n$/,
      ),
    });
    const after = await groupOf('timeline');
    expect(after).not.toBe(before);
    for (const group of [before, after]) {
      const rolledBack = await touchstone('rollback', 'timeline');
      expect(rolledBack.out).toMatch(/^rolled back in \d+\.\d s\n/);
      expect(rolledBack.out).toContain(`timeline@`);
      expect(rolledBack).toMatchObject({ code: 0 });
      expect(await groupOf('timeline')).toBe(group);
    }
    expect(await touchstone('rollback', 'nope')).toMatchObject({
      code: 1,
      err: 'touchstone: projection-not-found: There is no such projection.\n',
    });
  });

  it('can take a model back, which is recorded', async () => {
    expect((await touchstone('models', 'fit')).code).toBe(0);
    expect((await touchstone('models', 'activate', 'latest')).code).toBe(0);
    const [first, second] = linesOf(await touchstone('models', 'list', '--json'));
    expect([first.active, second.active]).toEqual([false, true]);
    const { code, out } = await touchstone('rollback', 'segments');
    expect(code).toBe(0);
    expect(out).toMatch(
      new RegExp(`^ {2}segments@\\d+ is served by g\\d+-[0-9a-f]+, model ${first.modelId}$`, 'm'),
    );
    const listed = linesOf(await touchstone('models', 'list', '--json'));
    expect(listed.map(({ active }) => active)).toEqual([true, false]);
  });

  it('has nobody parked', async () => {
    expect(await touchstone('retry', 'all')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^nobody is parked \(\d+\.\d s\)\n$/),
    });
  });
});
