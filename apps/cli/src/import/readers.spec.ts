import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DEFAULT_INPUT } from './input-settings';
import type { InputSettings } from './input-settings';
import { openInput } from './readers';
import { isBad } from './row';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'touchstone-import-'));
});
afterEach(() => rm(directory, { recursive: true }));

interface Read {
  readonly format: string;
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Each row as [line, row, cells of the columns…] or [line, row, reason]. */
async function read(
  name: string,
  content: string | Uint8Array,
  options: Partial<InputSettings> & { readonly cells: readonly string[] },
): Promise<Read> {
  const path = join(directory, name);
  await writeFile(path, content);
  const file = await openInput(path, { ...DEFAULT_INPUT, ...options });
  const rows: (string | number)[][] = [];
  for await (const batch of file.rows()) {
    for (const row of batch) {
      const { line, row: number } = row.place;
      rows.push([line, number, ...(isBad(row) ? [row.reason] : options.cells.map((cell) => row.cell(cell)))]);
    }
  }
  return { format: file.layout.format, rows };
}

describe('CSV', () => {
  const cells = ['a', 'b'];

  it('reads quotes, breaks in quotes, CRLF, a byte order mark and blank lines, and knows the lines', async () => {
    const text = '\ufeffa,b\r\n\r\n1,"x, ""y"""\r\n2,"one\r\ntwo"\r\n , \r\n3, z \r\n';
    expect((await read('x.csv', text, { cells })).rows).toEqual([
      [3, 1, '1', 'x, "y"'],
      [4, 2, '2', 'one\r\ntwo'],
      [7, 3, '3', 'z'],
    ]);
  });

  it('rejects rows with too few or too many fields, and the one that the end cuts off', async () => {
    expect((await read('x.csv', 'a,b\n1\n2,3\n4,5,6\n7,"open\nstill', { cells })).rows).toEqual([
      [2, 1, '1 of 2 fields'],
      [3, 2, '2', '3'],
      [4, 3, '3 of 2 fields'],
      [5, 4, 'cut off, a quote is not closed before the file ends: 2 of 2 fields'],
    ]);
  });

  it('finds the delimiter, the format and gzip by itself', async () => {
    expect((await read('x.csv', 'a;b\n1,5;2\n', { cells })).rows).toEqual([[2, 1, '1,5', '2']]);
    expect((await read('x.txt', 'a|b\n1|2\n', { cells })).rows).toEqual([[2, 1, '1', '2']]);
    expect(await read('x.dat', 'a\tb\n1\t5" disk\n', { cells })).toEqual({
      format: 'tsv',
      rows: [[2, 1, '1', '5" disk']],
    });
    expect((await read('x.csv.gz', gzipSync('a,b\n1,2\n'), { cells })).rows).toEqual([[2, 1, '1', '2']]);
  });

  it('does as it is told', async () => {
    const options = { cells: ['x', 'y'], columns: ['x', 'y'], header: false };
    expect((await read('x.csv', '1,2', options)).rows).toEqual([[1, 1, '1', '2']]);
    expect((await read('x.csv', 'a,b\n1,2', { ...options, header: true })).rows).toEqual([[2, 1, '1', '2']]);
    expect(
      (
        await read('x.csv', "'1;';N/A", {
          ...options,
          delimiter: ';',
          quote: "'",
          emptyValues: new Set(['N/A']),
        })
      ).rows,
    ).toEqual([[1, 1, '1;', '']]);
    expect((await read('x.csv', ' 1 ,"2"', { ...options, trim: false, quote: '' })).rows).toEqual([
      [1, 1, ' 1 ', '"2"'],
    ]);
    const latin = Buffer.from('a,b\nM\xfcller,2', 'latin1');
    expect((await read('x.csv', latin, { cells, encoding: 'windows-1252' })).rows).toEqual([
      [2, 1, 'Müller', '2'],
    ]);
  });

  it('breaks off with one line where it cannot read', async () => {
    await expect(read('x.csv', Buffer.from('a,b\nM\xfcller,2', 'latin1'), { cells })).rejects.toThrow(
      /x\.csv: not utf-8 somewhere after byte 0 \(set input\.encoding/,
    );
    await expect(read('x.csv', '', { cells })).rejects.toThrow(/is empty, a header row was expected/);
    await expect(read('x.gz', gzipSync('a,b\n1,2\n').subarray(0, 20), { cells })).rejects.toThrow(
      /unexpected end/,
    );
    await expect(openInput(join(directory, 'none.csv'), DEFAULT_INPUT)).rejects.toThrow(/no such file/);
    const unclosed = `a,b\n1,"${'x'.repeat(5 * 1024 * 1024)}\n`;
    await expect(read('x.csv', unclosed, { cells })).rejects.toThrow(/x\.csv: line 2: Max Record Size/);
  });
});

describe('other formats', () => {
  it('reads columns parted by blanks', async () => {
    const options = { columns: ['id', 'date', 'amount'], header: false, cells: ['id', 'amount'] };
    expect(
      await read('sample.txt', ' 00004 19970101  29.33\r\n\r\n 00005 19970102   1.00\r\n 1 2\r\n', options),
    ).toEqual({
      format: 'whitespace',
      rows: [
        [1, 1, '00004', '29.33'],
        [3, 2, '00005', '1.00'],
        [4, 3, '2 of 3 fields'],
      ],
    });
  });

  it('reads NDJSON under dotted names', async () => {
    const text =
      '{"c":{"mail":"a@b","tags":["x","y"]},"n":1.50,"no":null,"ok":true}\n[1]\n{"n":12345678901234567890}\nno\n';
    const read1 = await read('x', text, { cells: ['c.mail', 'c.tags.1', 'n', 'no', 'ok', '__proto__'] });
    expect(read1).toEqual({
      format: 'ndjson',
      rows: [
        [1, 1, 'a@b', 'y', '1.5', '', 'true', ''],
        [2, 2, 'not a JSON object'],
        [3, 3, 'n is too large for a number, write it as a text'],
        [4, 4, 'not JSON'],
      ],
    });
  });

  it('keeps lines whole across chunks', async () => {
    const long = 'x'.repeat(300 * 1024);
    const text = Array.from({ length: 5 }, (_, index) => JSON.stringify({ index, long })).join('\r\n');
    const { rows } = await read('x.ndjson', text, { cells: ['index', 'long'] });
    expect(rows.map(([line, , index, cell]) => [line, index, String(cell).length])).toEqual(
      [0, 1, 2, 3, 4].map((index) => [index + 1, String(index), long.length]),
    );
  });
});
