import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importVerb } from './verb';

let directory = '';
let server: Server;
let url = '';
let received: string[] = [];
let refuseLine = 0;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'touchstone-import-'));
  received = [];
  refuseLine = 0;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const lines = body.trim().split('\n');
      received.push(...lines);
      const rejected = refuseLine > 0 ? 1 : 0;
      const error = rejected > 0 ? `{"line":${refuseLine},"code":"invalid","detail":"not so"}\n` : '';
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(`${error}{"accepted":${lines.length - rejected},"duplicates":0,"rejected":${rejected}}\n`);
    });
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

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly connections: number;
}

async function run(...args: string[]): Promise<Ran> {
  const written = { stdout: '', stderr: '', connections: 0 };
  const code = await importVerb.run(args, {
    connect: () => {
      written.connections += 1;
      return Promise.resolve({
        url,
        key: 'k',
        close: () => {
          written.connections -= 1;
          return Promise.resolve();
        },
      });
    },
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    isTTY: false,
    json: false,
  });
  return { code, ...written };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const map = 'command: feedback\nfields: {customer: {id: "{who}"}, type: praise, content: "{text}"}';

it('imports, says what happened and leaves no rejects file', async () => {
  const input = await file('a.csv', 'who,text\nx,y\nz,y\n');
  await file('a.csv.rejects.ndjson', 'of the last time');
  const { code, stdout, connections } = await run(input, '--map', await file('m.yaml', map));
  expect(stdout).toMatch(
    /^accepted {4}2\nduplicates {2}0\nrejected {4}0\nread {8}2 rows in \d+\.\d s, [\d,]+ rows\/s\n$/,
  );
  expect(code).toBe(0);
  expect(connections).toBe(0);
  expect(received).toHaveLength(2);
  expect(existsSync(`${input}.rejects.ndjson`)).toBe(false);
});

it('exits with 1 when a row was rejected, and names the file of rejects', async () => {
  refuseLine = 2;
  const input = await file('a.csv', 'who,text\nx,y\n,y\nz,y\n');
  const { code, stdout } = await run(input, '--map', await file('m.yaml', map), '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    rows: 3,
    accepted: 1,
    duplicates: 0,
    rejected: 2,
    skippedRows: 0,
    dryRun: false,
    rejectsFiles: [`${input}.rejects.ndjson`],
  });
  expect(await readFile(`${input}.rejects.ndjson`, 'utf8')).toBe(
    `{"file":${JSON.stringify(input)},"line":3,"row":2,"reason":"no customer: who is empty"}\n` +
      `{"file":${JSON.stringify(input)},"line":4,"row":3,"code":"invalid","reason":"not so"}\n`,
  );
});

it('writes rejects into the current directory where they cannot stand beside the file, and says so', async () => {
  const input = await file('a.csv', 'who,text\n,y\n');
  // A directory of that name: root may write wherever permissions forbid it.
  await mkdir(`${input}.rejects.ndjson`);
  const here = await realpath(await mkdtemp(join(tmpdir(), 'touchstone-here-')));
  const before = process.cwd();
  process.chdir(here);
  try {
    const { stdout, stderr } = await run(input, '--map', await file('m.yaml', map));
    const path = join(here, 'a.csv.rejects.ndjson');
    expect(stderr).toBe(`rejects could not be written beside their file, they are in ${path}\n`);
    expect(stdout).toContain(`rejected    1  ${path}\n`);
    expect(await readFile(path, 'utf8')).toContain('who is empty');
  } finally {
    process.chdir(before);
    await rm(here, { recursive: true });
  }
});

it('sends nothing in a dry run', async () => {
  const input = await file('a.csv', 'who,text\nx,y\n,y\n');
  const { code, stdout, stderr } = await run(input, '--map', await file('m.yaml', map), '--dry-run');
  expect(code).toBe(1);
  expect(stdout).toContain(
    '{"command":"feedback","customer":{"id":"x"},"type":"praise","content":"y"}\nwould send  1 (feedback 1)\n',
  );
  expect(stderr).toContain('"line":3,"row":2,"reason":"no customer: who is empty"');
  expect(received).toEqual([]);
  expect(existsSync(`${input}.rejects.ndjson`)).toBe(false);
});

it('exits with 2 and one line for a wrong call or mapping, and does not connect', async () => {
  const input = await file('a.csv', 'who,text\nx,y\n');
  const wrong = await run(input, '--map', await file('m.yaml', map.replace('{text}', '{txt}')));
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toBe(
    `import: ${join(directory, 'm.yaml')}: fields.content: ${input} has no column "txt" (its columns: who, text)\n`,
  );
  expect((await run()).stderr).toMatch(/^import: no file was named\n/);
  expect((await run('--mapp', 'x')).code).toBe(2);
  expect((await run('--help')).stdout).toContain('--map <file>');
  expect((await run(input, '--command', 'touchpiont')).stderr).toContain('unknown command "touchpiont"');
});
