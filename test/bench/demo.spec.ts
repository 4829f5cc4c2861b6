import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const CLI = join(ROOT, 'dist/apps/cli/src/main.js');
const CUSTOMERS = 40;
/** Of the tour: its last command. */
const LAST_LINE = ' verify ledger\n';
jest.setTimeout(120_000);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `touchstone demo` on a small shop; `onTour` sees the whole of what it says, while it still runs. */
async function demo(args: readonly string[], onTour?: (out: string) => Promise<void>): Promise<Ran> {
  const env = { ...process.env, PORT: '0' };
  const child = spawn(process.execPath, [CLI, 'demo', '--customers', String(CUSTOMERS), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  let looking: Promise<void> | undefined;
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
    if (onTour === undefined || !said.out.includes(LAST_LINE)) return;
    looking ??= onTour(said.out).finally(() => child.kill('SIGINT'));
    // Its failure is told below, after the demo has ended.
    looking.catch(() => undefined);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  await looking;
  return { code, ...said };
}

/** A printed command, as pasted into a shell in the project's directory; of `npx` only the look-up is left out. */
function pasted(command: string): Promise<Ran> {
  const bin = `'${process.execPath}' scripts/touchstone.mjs`;
  const script = command.replace(/^npx touchstone/, () => bin);
  return new Promise((resolve) => {
    execFile('sh', ['-c', script], { cwd: ROOT }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

function commandsOf(out: string): readonly string[] {
  return out.split('\n').flatMap((line) => (/^ {3}(curl|npx) /.test(line) ? [line.trim()] : []));
}

function dataOf(out: string): string {
  return /^ {2}data +([^,\s]+)/m.exec(out)?.[1] ?? '';
}

it('fills a ledger, says what to look at, and leaves nothing behind', async () => {
  const { code, out, err } = await demo(['--exit']);
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(out.match(/^\d\. /gm)).toHaveLength(5);
  expect(out).toContain(`${CUSTOMERS} customers`);
  expect(out).toMatch(/^ {2}email \d+ · /m);
  expect(out).toMatch(/^ {2}.*(Champions|Hibernating|Loyal) [1-9]\d* · /m);
  expect(out).toMatch(/^ {2}2025-11-01 +\d+\.\d/m);
  expect(dataOf(out)).not.toBe('');
  expect(existsSync(dataOf(out))).toBe(false);
});

it('prints five commands that work as they stand, and runs until it is interrupted', async () => {
  const ran: Ran[] = [];
  const { code, out } = await demo([], async (tour) => {
    for (const command of commandsOf(tour)) ran.push(await pasted(command));
  });
  expect({ code, failed: ran.filter((one) => one.code !== 0) }).toEqual({ code: 0, failed: [] });
  expect(existsSync(dataOf(out))).toBe(false);
  expect(ran).toHaveLength(5);
  const [atRisk, loyalty, diff, satisfaction, verified] = ran.map((one) => one.out);
  expect(JSON.parse(atRisk ?? '')).toHaveProperty('items');
  expect(JSON.parse(loyalty ?? '')).toMatchObject({
    score: expect.any(Number),
    components: { feedbackHandling: { from: expect.arrayContaining([expect.any(String)]) } },
  });
  expect(diff).toMatch(/\/loyalty\/components\/feedbackHandling\/value .* → .* because /);
  expect(diff).toMatch(/\/loyalty\/score .* → /);
  expect(JSON.parse(satisfaction ?? '')).toMatchObject({
    rows: expect.arrayContaining([expect.objectContaining({ month: '2026-05' })]),
  });
  expect(verified).toMatch(/^ledger: [\d,]+ events of 41 streams, nothing differs/);
});
