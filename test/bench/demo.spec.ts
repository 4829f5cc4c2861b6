import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const CLI = join(__dirname, '../../dist/apps/cli/src/main.js');
jest.setTimeout(60_000);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `touchstone demo` on a small shop; `onOut` sees what it has said so far. */
function demo(
  args: readonly string[],
  onOut: (out: string, interrupt: () => void) => void = () => undefined,
): Promise<Ran> {
  const env = { ...process.env, PORT: '0' };
  const child = spawn(process.execPath, [CLI, 'demo', '--customers', '12', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
    onOut(said.out, () => void child.kill('SIGINT'));
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })));
}

function dataOf(out: string): string {
  return /^ {2}data +([^,\s]+)/m.exec(out)?.[1] ?? '';
}

it('fills a ledger, says what to look at, and leaves nothing behind', async () => {
  const { code, out, err } = await demo(['--exit']);
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(out.match(/^\d\. /gm)).toHaveLength(5);
  expect(out).toContain('12 customers');
  expect(dataOf(out)).not.toBe('');
  expect(existsSync(dataOf(out))).toBe(false);
});

it('prints commands that work, and runs until it is interrupted', async () => {
  const looked: Promise<{ status: number; text: string }>[] = [];
  const { code, out } = await demo([], (soFar, interrupt) => {
    if (looked.length > 0 || !soFar.includes('verify ledger')) return;
    looked.push(...soFar.split('\n').flatMap(requestOf));
    void Promise.allSettled(looked).then(interrupt);
  });
  const [profile, found, records] = await Promise.all(looked);
  expect(code).toBe(0);
  expect(existsSync(dataOf(out))).toBe(false);
  expect(looked).toHaveLength(3);
  expect(profile).toMatchObject({ status: 200, text: expect.stringContaining('Bath') });
  expect(found).toMatchObject({
    status: 200,
    text: expect.stringContaining('It was a text message, not a call.'),
  });
  expect(found?.text).not.toContain('card number');
  expect(records).toMatchObject({ status: 200, text: expect.stringContaining('leafHash') });
});

/** What a printed curl would ask, but for the feed, which does not end by itself. */
function requestOf(line: string): Promise<{ status: number; text: string }>[] {
  if (!line.startsWith('   curl') || line.includes('/feed')) return [];
  const url = /(http:\/\/[^\s']+)/.exec(line)?.[1] ?? '';
  const headers = Object.fromEntries(
    [...line.matchAll(/-H '([^:']+): ([^']+)'/g)].map(([, name, value]) => [name, value]),
  );
  const body = /-d '([^']+)'/.exec(line)?.[1];
  const asked = fetch(url, { headers, ...(body === undefined ? {} : { method: 'POST', body }) });
  return [asked.then(async (answer) => ({ status: answer.status, text: await answer.text() }))];
}
