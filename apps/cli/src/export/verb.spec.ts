import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportVerb } from './verb';

const A = '01990000-0000-7000-8000-00000000000a';
const B = '01990000-0000-7000-8000-00000000000b';

let directory = '';
let server: Server;
let url = '';
let asked: string[] = [];
/** What the server answers, by path with its query; anything else is a 404. */
let answers: Record<string, unknown> = {};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'touchstone-export-'));
  asked = [];
  answers = { '/v1/projections': [served('timeline'), served('directory'), served('members')] };
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers[path];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { code: 'not-found', detail: `No ${path}.` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

function served(name: string, more: object = {}) {
  return { name, version: 1, group: 'g1', lagEvents: 0, lagSeconds: 0, parkedCount: 0, parked: [], ...more };
}

function page(items: readonly unknown[], next: string | null = null) {
  return { items, next };
}

/** Two customers on two pages, the first one's timeline on two as well. */
function twoCustomers(): void {
  Object.assign(answers, {
    '/v1/customers?limit=500': page([{ customerId: A }], 'two'),
    '/v1/customers?limit=500&cursor=two': page([{ customerId: B }]),
    [`/v1/customers/${A}/timeline?order=asc&limit=100`]: page([{ eventId: '1', content: 'x' }], 'n'),
    [`/v1/customers/${A}/timeline?order=asc&limit=100&cursor=n`]: page([{ eventId: '2', content: '=y' }]),
    [`/v1/customers/${B}/timeline?order=asc&limit=100`]: page([{ eventId: '3' }]),
  });
}

async function run(...args: string[]) {
  const written = { stdout: '', stderr: '' };
  const code = await exportVerb.run(args, {
    connect: () => Promise.resolve({ url, key: 'k', close: () => Promise.resolve() }),
    dataDirectory: directory,
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    isTTY: false,
    json: false,
  });
  return { code, ...written };
}

it('writes one answer a line, page by page, with the customer it belongs to', async () => {
  twoCustomers();
  const { code, stdout, stderr } = await run('timeline');
  expect(code).toBe(0);
  expect(stdout).toBe(
    `{"customerId":"${A}","eventId":"1","content":"x"}\n` +
      `{"customerId":"${A}","eventId":"2","content":"=y"}\n` +
      `{"customerId":"${B}","eventId":"3"}\n`,
  );
  expect(stderr).toMatch(
    /^3 rows in \d+\.\d s, [\d,]+\/s: timeline@1 directory@1 in g1, 0 events behind at the start\n$/,
  );
});

it('writes a file, of CSV where it is called so, and gives it its name when it is whole', async () => {
  twoCustomers();
  const file = join(directory, 'out.csv');
  await writeFile(file, 'of the last time');
  await writeFile(`${file}.part`, 'of one that was killed');
  const { code, stdout, stderr } = await run('timeline', '--out', file, '--json');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(JSON.parse(stderr)).toMatchObject({ what: 'timeline', format: 'csv', file, rows: 3, changed: [] });
  const lines = (await readFile(file, 'utf8')).split('\r\n');
  expect(lines[0]).toMatch(/^customerId,eventId,revision,.*,content,/);
  expect(lines[2]).toContain(`,'=y,`);
  expect(lines).toHaveLength(5);
  expect(await readdir(directory)).toEqual(['out.csv']);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

it('leaves the file of the last time where it fails', async () => {
  twoCustomers();
  delete answers[`/v1/customers/${B}/timeline?order=asc&limit=100`];
  const file = join(directory, 'out.ndjson');
  await writeFile(file, 'of the last time');
  await expect(run('timeline', '--out', file)).rejects.toThrow('not-found: No /v1/customers/');
  expect(await readFile(file, 'utf8')).toBe('of the last time');
  expect(existsSync(`${file}.part`)).toBe(false);
});

it('writes into no directory', async () => {
  await mkdir(join(directory, 'd'));
  await expect(run('segments', '--out', join(directory, 'd'))).rejects.toThrow(
    "d can't be written: it is a directory",
  );
});

it('tells the rows of a metric with their range, and members with their segment', async () => {
  const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };
  Object.assign(answers, {
    '/v1/metrics/contacts?from=2026-01-01&by=month%2Cchannel': {
      ...range,
      by: ['month', 'channel'],
      rows: [{ month: '2026-01', channel: 'email', count: 3 }],
    },
    '/v1/segments': page([{ segmentId: 'at-risk', size: 1 }]),
    '/v1/segments/at-risk/members?limit=500': page([{ customerId: A, reason: 'r1 f1 m1: at-risk' }]),
  });
  const contacts = await run('contacts', '--from', '2026-01-01', '--by', 'month,channel', '--format', 'csv');
  expect(contacts.stdout).toBe(
    'from,to,day,week,month,channel,direction,kind,count\r\n' +
      `${range.from},${range.to},,,2026-01,email,,,3\r\n`,
  );
  expect((await run('members')).stdout).toBe(
    `{"segmentId":"at-risk","customerId":"${A}","reason":"r1 f1 m1: at-risk"}\n`,
  );
});

it('ends with 1 where customers are parked', async () => {
  twoCustomers();
  answers['/v1/projections'] = [served('timeline', { parkedCount: 2, lagEvents: 1200, lagSeconds: 3 })];
  const { code, stdout, stderr } = await run('timeline');
  expect(code).toBe(1);
  expect(stdout.split('\n')).toHaveLength(4);
  expect(stderr).toContain('1,200 events (3.0 s) behind at the start, 2 customers parked\n');
});

it.each([
  [[], 'say what: one of profiles, timeline, purchases, loyalty, segments, members, contacts, satisfaction'],
  [['nope'], 'say what: one of profiles,'],
  [['segments', 'members'], 'say what: one of profiles,'],
  [['timeline', '--format', 'xml'], 'the format is one of ndjson, csv'],
  [['timeline', '--by', 'day'], '--by is for contacts, satisfaction'],
  [['members', '--tier', 'gold'], '--tier is for profiles, timeline, purchases, loyalty'],
  [['timeline', '--from', '2026-01-01'], '--from needs an instant'],
  [['contacts', '--to', 'now'], '--to needs a day (2026-01-31)'],
  [['loyalty', '--customer', 'x'], '--customer needs a customer id'],
  [['loyalty', '--customer', A, '--tier', 'gold'], 'give --customer or --segment and --tier, not both'],
  [['profiles', '--out', ''], '--out needs a file'],
])('refuses %j', async (args, message) => {
  await expect(run(...args)).rejects.toThrow(message);
  expect(asked).toEqual([]);
});
