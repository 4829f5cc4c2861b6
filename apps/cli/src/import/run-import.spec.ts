import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BulkAnswer, BulkSender } from './bulk-sender';
import { SendFailure } from './bulk-sender';
import { MAX_CHUNK_LINES } from './chunks';
import { prepareImport } from './prepare-import';
import { rejectsFiles } from './rejects-file';
import { runImport } from './run-import';
import type { ImportCounts } from './run-import';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'touchstone-import-'));
});
afterEach(() => rm(directory, { recursive: true }));

interface Request {
  readonly lines: readonly string[];
  readonly key: string | undefined;
}

/** Accepts every line, but for what `answer` says of a request. */
function recorder(answer: (request: Request, count: number) => Partial<BulkAnswer> | Error = () => ({})): {
  readonly sender: BulkSender;
  readonly requests: Request[];
} {
  const requests: Request[] = [];
  return {
    requests,
    sender: {
      async send(lines, { idempotencyKey }) {
        const list: string[] = [];
        for await (const line of lines) list.push(line);
        const request = { lines: list, key: idempotencyKey };
        requests.push(request);
        const said = answer(request, requests.length);
        if (said instanceof Error) throw said;
        return { accepted: list.length, duplicates: 0, rejected: 0, errors: [], ...said };
      },
    },
  };
}

interface Run {
  readonly files: Readonly<Record<string, string>>;
  readonly map?: string;
  readonly command?: string;
  readonly sender: BulkSender;
  readonly waits?: number[];
}

async function run({ files, map, command, sender, waits = [] }: Run): Promise<ImportCounts> {
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    paths.push(join(directory, name));
    await writeFile(join(directory, name), text);
  }
  if (map !== undefined) await writeFile(join(directory, 'map.yaml'), map);
  const prepared = await prepareImport({
    paths,
    map: map === undefined ? undefined : join(directory, 'map.yaml'),
    command,
  });
  const rejects = rejectsFiles();
  const counts = await runImport({
    ...prepared,
    sender,
    rejects,
    onProgress: () => undefined,
    wait: (ms) => Promise.resolve(void waits.push(ms)),
  });
  await rejects.close();
  return counts;
}

const map = `
command: feedback
fields: { customer: { id: '{who}' }, type: praise, content: '{text}' }`;

async function rejectsOf(name: string): Promise<readonly unknown[]> {
  const text = await readFile(join(directory, `${name}.rejects.ndjson`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const reject: unknown = JSON.parse(line);
      return reject;
    });
}

describe('requests', () => {
  it('are bounded, one after another, and end with their file', async () => {
    const many = `who,text\n${Array.from({ length: MAX_CHUNK_LINES + 1 }, (_, index) => `c${index},t`).join('\n')}\n`;
    const { sender, requests } = recorder();
    const counts = await run({ files: { 'a.csv': many, 'b.csv': 'who,text\nx,y\n' }, map, sender });
    expect(requests.map(({ lines }) => lines.length)).toEqual([MAX_CHUNK_LINES, 1, 1]);
    expect(counts).toEqual({
      rows: MAX_CHUNK_LINES + 2,
      skippedRows: 0,
      accepted: MAX_CHUNK_LINES + 2,
      duplicates: 0,
      rejected: 0,
    });
    expect(await readdir(directory)).toEqual(['a.csv', 'b.csv', 'map.yaml']);
  });

  it('have the same key for the same lines in the same place, and none where sources do without', async () => {
    const first = recorder();
    const again = recorder();
    const files = { 'a.csv': 'who,text\nx,y\n' };
    await run({ files, map, sender: first.sender });
    await run({ files, map, sender: again.sender });
    expect(first.requests[0]?.key).toMatch(/^import-[0-9a-f]{64}-1$/);
    expect(again.requests).toEqual(first.requests);

    const sourced = recorder();
    const ownSource = map.replace("'{text}' }", "'{text}', source: { system: s, id: '{who}' } }");
    await run({ files, map: ownSource, sender: sourced.sender });
    expect(sourced.requests[0]?.key).toBeUndefined();
  });

  it('keep purchases, which are known by their order, apart from lines that need a key', async () => {
    const lines = ['purchase', 'refund', 'refund', 'purchase'].map((command) => `{"command":"${command}"}`);
    const { sender, requests } = recorder();
    await run({ files: { 'a.ndjson': lines.join('\n') }, sender });
    expect(requests.map((request) => [request.lines.length, request.key !== undefined])).toEqual([
      [1, false],
      [2, true],
      [1, false],
    ]);
  });

  it('are repeated while the server is away, with growing waits, and not for ever', async () => {
    const waits: number[] = [];
    const down = new SendFailure('down', { retryable: true });
    const busy = new SendFailure('busy', { retryable: true, retryAfterMs: 3_000 });
    const { sender, requests } = recorder((_, count) => [down, down, busy][count - 1] ?? {});
    const counts = await run({ files: { 'a.csv': 'who,text\nx,y\n' }, map, sender, waits });
    expect(waits).toEqual([250, 500, 3_000]);
    expect(new Set(requests.map(({ key }) => key)).size).toBe(1);
    expect(counts.accepted).toBe(1);

    const dead = recorder(() => down);
    await expect(run({ files: { 'a.csv': 'who,text\nx,y\n' }, map, sender: dead.sender })).rejects.toThrow(
      'down; given up after 10 attempts (import again: nothing is written twice)',
    );
    const forbidden = recorder(() => new SendFailure('403', { retryable: false }));
    await expect(
      run({ files: { 'a.csv': 'who,text\nx,y\n' }, map, sender: forbidden.sender }),
    ).rejects.toThrow('403');
    expect(forbidden.requests).toHaveLength(1);
  });
});

describe('rejects', () => {
  it('of rows and of the server stand in one file with their lines', async () => {
    const { sender } = recorder(() => ({
      accepted: 1,
      rejected: 1,
      errors: [{ line: 2, code: 'too-large', detail: 'too large' }],
    }));
    const counts = await run({ files: { 'a.csv': 'who,text\nx,y\n,y\nz,"a\nb"\n1\n' }, map, sender });
    expect(counts).toMatchObject({ rows: 4, accepted: 1, rejected: 3 });
    const file = join(directory, 'a.csv');
    expect(await rejectsOf('a.csv')).toEqual([
      { file, line: 3, row: 2, reason: 'no customer: who is empty' },
      { file, line: 6, row: 4, reason: '1 of 2 fields' },
      { file, line: 4, row: 3, code: 'too-large', reason: 'too large' },
    ]);
  });

  it('of a group name its first row and say how many there are', async () => {
    const { sender } = recorder();
    await run({
      files: { 'a.csv': 'who,text\n,a\nx,b\n', 'b.csv': 'who,text\n,a\n' },
      map: `groupBy: text\n${map}`,
      sender,
    });
    expect(await rejectsOf('a.csv')).toEqual([
      { file: join(directory, 'a.csv'), line: 2, row: 1, rows: 2, reason: 'no customer: who is empty' },
    ]);
  });
});

describe('NDJSON without mapping', () => {
  it('is sent as it is, with the command', async () => {
    const { sender, requests } = recorder();
    const text = ' {"n":1.50}\n{"command":"refund","a":1}\n\n{}\n[]\n{"command":7}\n';
    const counts = await run({ files: { 'a.ndjson': text }, command: 'touchpoint', sender });
    expect(requests.flatMap(({ lines }) => lines)).toEqual([
      '{"command":"touchpoint","n":1.50}',
      '{"command":"refund","a":1}',
      '{"command":"touchpoint"}',
    ]);
    expect(counts).toMatchObject({ rows: 5, accepted: 3, rejected: 2 });
    expect(await rejectsOf('a.ndjson')).toMatchObject([
      { line: 5, reason: 'not a JSON object' },
      { line: 6, reason: 'command is not a text' },
    ]);
  });
});

describe('a table without mapping', () => {
  it('names its fields in the header', async () => {
    const { sender, requests } = recorder();
    const header =
      'crm,email,channel,direction,occurredAt,source.system,source.id,attributes.a.b,durationSeconds';
    const text = `${header}\n7,a@b.c,web,inbound,2020-01-02T03:04Z,s,1,x,5\n8,,web,inbound,,s,2,,\n`;
    await run({ files: { 'a.csv': text }, command: 'touchpoint', sender });
    expect(requests.flatMap(({ lines }) => lines.map((line): unknown => JSON.parse(line)))).toEqual([
      {
        command: 'touchpoint',
        customer: {
          identifiers: [
            { type: 'crm', value: '7' },
            { type: 'email', value: 'a@b.c' },
          ],
        },
        channel: 'web',
        direction: 'inbound',
        occurredAt: '2020-01-02T03:04:00.000Z',
        durationSeconds: 5,
        source: { system: 's', id: '1' },
        attributes: { 'a.b': 'x' },
      },
      {
        command: 'touchpoint',
        customer: { identifiers: [{ type: 'crm', value: '8' }] },
        channel: 'web',
        direction: 'inbound',
        source: { system: 's', id: '2' },
      },
    ]);
  });

  it('is refused where the header names what the command has not', async () => {
    const { sender } = recorder();
    await expect(run({ files: { 'a.csv': 'crm,colour\n1,2' }, command: 'purchase', sender })).rejects.toThrow(
      /a\.csv: fields\.colour: a purchase has no field "colour"/,
    );
    await expect(run({ files: { 'a.csv': 'crm,colour\n1,2' }, sender })).rejects.toThrow(/needs a mapping/);
  });
});

describe('what is checked before anything is sent', () => {
  it('finds columns that a file does not have, and has twice', async () => {
    const { sender, requests } = recorder();
    const files = { 'a.csv': 'who,text\nx,y\n', 'b.csv': 'who,txt\nx,y\n' };
    await expect(run({ files, map, sender })).rejects.toThrow(
      /map\.yaml: fields\.content: .*b\.csv has no column "text" \(its columns: who, txt\)/,
    );
    await expect(run({ files: { 'c.csv': 'who,text,text\n' }, map, sender })).rejects.toThrow(
      /has 2 columns "text"/,
    );
    expect(requests).toEqual([]);
  });

  it('warns of keys that repeat across files', async () => {
    await writeFile(join(directory, 'm.yaml'), map.replace('{text}', '{row()}'));
    await writeFile(join(directory, 'a.csv'), 'who\nx\n');
    const path = join(directory, 'a.csv');
    const { warnings } = await prepareImport({
      paths: [path, path],
      map: join(directory, 'm.yaml'),
      command: undefined,
    });
    expect(warnings).toEqual([expect.stringContaining('{file()}:{row()}')]);
  });
});

it('breaks off with the counts of what was sent when a file ends badly', async () => {
  const { sender, requests } = recorder();
  const files = { 'a.csv': 'who,text\nx,y\n', 'b.csv': `who,text\nx,"${'y'.repeat(5 * 1024 * 1024)}` };
  await expect(run({ files, map, sender })).rejects.toThrow(/b\.csv: line 2/);
  expect(requests).toHaveLength(1);
});
