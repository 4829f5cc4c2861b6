import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { newHome, removeHome, ROOT, Server } from './server';
import { eventually } from './wait';

const CLI = join(ROOT, 'dist/apps/cli/src/main.js');
jest.setTimeout(60_000);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOUCHSTONE_'));

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawn(process.execPath, [CLI, ...args], {
    cwd: home,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The built command line; `./data` is the data directory of this spec. */
function touchstone(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = start(args, env);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  return new Promise((done) => child.once('close', (code) => done({ code, ...said })));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

let home = '';
beforeAll(() => (home = newHome()));
afterAll(() => removeHome(home));

it('ends a wrong call with 2 and one line', async () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['nope'], 'there is no verb nope; touchstone --help lists them'],
    [['--nope', 'verify'], 'there is no option --nope; touchstone --help lists them'],
    [['verify', '--nope'], "Unknown option '--nope'"],
    [['verify', 'everything'], 'the scope is one of ledger, readmodels'],
    [['keys'], 'say create, list or revoke'],
    [['verify', '--url', 'http://127.0.0.1:1'], '--url needs --key or --key-file'],
  ];
  const all = await Promise.all(wrong.map(([args]) => touchstone(args)));
  expect(all).toEqual(wrong.map(([, line]) => ({ code: 2, out: '', err: `touchstone: ${line}\n` })));
});

it('has help for each verb', async () => {
  const verbs = ['serve', 'import', 'replay', 'verify', 'rebuild', 'keys', 'doctor'];
  const all = await Promise.all(verbs.map((verb) => touchstone([verb, '--help'])));
  for (const [i, { code, out }] of all.entries()) {
    expect(code).toBe(0);
    expect(out).toContain(`touchstone ${verbs[i]}`);
  }
});

it('makes no ledger where a verb needs one, also where TOUCHSTONE_DATA is empty', async () => {
  const nothing = `touchstone: there is no ledger in ${join(home, 'data')}\n`;
  const verbs = [['verify'], ['rebuild', 'all'], ['keys', 'list'], ['replay', 'email:a@example.com']];
  const all = await Promise.all(verbs.map((verb) => touchstone(verb, { TOUCHSTONE_DATA: '' })));
  expect(all).toEqual(verbs.map(() => ({ code: 1, out: '', err: nothing })));
  expect(existsSync(join(home, 'data'))).toBe(false);
});

describe('beside a running server', () => {
  let key = '';
  let server: Server;
  beforeAll(async () => (server = await Server.start({ home })));
  afterAll(() => server.stop());

  it('makes keys, lists and revokes them', async () => {
    const made = await touchstone(['keys', 'create', '--name', 'desk', '--roles', 'agent,auditor']);
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^ts_live_\w+\n$/) });
    const [keyId] = /^key_\w+/.exec(made.err) ?? [];
    const other = await touchstone(['keys', 'create', '--name', 'x', '--roles', 'admin', '--json']);
    key = JSON.parse(other.out).key;
    expect((await touchstone(['keys', 'list'])).out).toContain(`${keyId}  `);
    expect(await touchstone(['keys', 'revoke', String(keyId)])).toMatchObject({ code: 0 });
    expect((await touchstone(['keys', 'list', '--json'])).out).not.toContain(String(keyId));
    expect(await touchstone(['keys', 'revoke', String(keyId)])).toMatchObject({
      code: 1,
      err: 'touchstone: key-not-found: There is no such key.\n',
    });
  });

  it('imports, and replays as lines and as the API gives it', async () => {
    const input = join(home, 'in.ndjson');
    const content = `one\ntwo\u001b[31m ${'x'.repeat(100)}`;
    const line = {
      command: 'touchpoint',
      customer: { identifiers: [{ type: 'email', value: 'a@example.com' }] },
      channel: 'email',
      direction: 'inbound',
      content,
    };
    writeFileSync(input, `${JSON.stringify(line)}\n`);
    expect(await touchstone(['import', input])).toMatchObject({ code: 0 });
    const shown = await touchstone(['replay', 'email:a@example.com']);
    expect(shown.out.split('\n')).toHaveLength(3);
    expect(shown.out).toMatch(/ touchpoint-recorded\.v1 email inbound “one two \[31m x{67}…”\n$/);
    const asJson = await touchstone(['replay', 'email:a@example.com', '--json', '--after', '0']);
    expect(JSON.parse(asJson.out)).toMatchObject({ revision: 1, data: { content } });
    expect(await touchstone(['replay', 'email:nobody@example.com'])).toMatchObject({
      code: 1,
      err: 'touchstone: customer-not-found: There is no such customer.\n',
    });
  });

  it('verifies and rebuilds', async () => {
    expect(await touchstone(['verify'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^ledger: 2 events of 1 streams, nothing differs\nread models: .* nothing differs\n$/,
      ),
    });
    expect(await touchstone(['rebuild', 'all'])).toMatchObject({ code: 0 });
    expect(await touchstone(['rebuild', 'nope'])).toMatchObject({ code: 1 });
  });

  it('names it by its address too, and leaves it running', async () => {
    const there = ['--url', server.url, '--key'];
    expect(await touchstone(['keys', 'list', ...there, key])).toMatchObject({ code: 0 });
    expect(await touchstone(['keys', 'list', ...there, 'wrong'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^touchstone: unauthenticated: .*\n$/),
    });
    expect(await touchstone(['serve'], { PORT: '0' })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^touchstone: .* is in use by another Touchstone process.*\n$/),
    });
    const { out } = await touchstone(['doctor']);
    expect(out).toContain(`${server.url} is ready`);
    for (const line of [/^ok +engines +sqlite 3\./m, /^ok +clock +\d{4}-/m, /^ok +owner /m]) {
      expect(out).toMatch(line);
    }
  });
});

describe('without a server', () => {
  it('starts one for itself', async () => {
    expect(await touchstone(['verify'])).toMatchObject({ code: 0 });
    expect(existsSync(join(home, 'data/server.json'))).toBe(false);
  });

  it('tells in one line why a server does not start', async () => {
    expect(await touchstone(['verify'], { TOUCHSTONE_NOPE: '1' })).toMatchObject({
      code: 1,
      err: 'touchstone: Configuration refused: TOUCHSTONE_NOPE is not a name that Touchstone knows.\n',
    });
    renameSync(join(home, 'data.key'), join(home, 'kept.key'));
    const [verify, doctor] = await Promise.all([touchstone(['verify']), touchstone(['doctor'])]);
    renameSync(join(home, 'kept.key'), join(home, 'data.key'));
    expect(verify).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^touchstone: root key file .* is missing.*\n$/),
    });
    expect(doctor).toMatchObject({ code: 1, out: expect.stringMatching(/^fail {2}root key .*is missing/m) });
    expect(await touchstone(['doctor'])).toMatchObject({ code: 0 });
  });

  it('leaves no server behind when it is told to end', async () => {
    const verb = start(['verify']);
    const ended = new Promise((done) => verb.once('exit', done));
    const file = join(home, 'data/server.json');
    const { pid } = await eventually('a private server', () => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      return text.endsWith('\n') ? (JSON.parse(text) as { pid: number }) : undefined;
    });
    verb.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(alive(pid)).toBe(false);
  });

  it('names what was changed behind its back', async () => {
    const db = new Database(join(home, 'data/log.db'));
    db.exec(`UPDATE events SET env = replace(env, '"inbound"', '"outbound"') WHERE rev = 1`);
    db.close();
    const { code, out } = await touchstone(['verify', 'ledger']);
    expect(code).toBe(1);
    expect(out).toMatch(/^ {2}customer-[-0-9a-f]{36} revision 1: .+$/m);
  });
});
