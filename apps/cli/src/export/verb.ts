import { grouped, rate } from '../import/progress';
import { EXIT_NOT_ALL_WELL, EXIT_OK } from '../verb';
import type { Connection, Verb, VerbContext } from '../verb';
import { COLUMNS } from './columns';
import { CsvLines } from './csv';
import { EXPORT_NAMES, KINDS } from './kinds';
import { readOptions } from './options';
import type { ExportOptions } from './options';
import { toFile, toStdout } from './output';
import type { ExportOutput } from './output';
import { rowProgress } from './row-progress';
import { ROWS } from './rows';
import { describeServed, replaced, servedNow } from './served';
import type { Served } from './served';

const WIDTH = 100;

const usage = `touchstone export <what> [--format ndjson|csv] [--out <file>] [--json] …

Read models as the key may read them, to stdout or into a file.

${EXPORT_NAMES.map((name) => `  ${name.padEnd(13)} ${KINDS[name].what}\n${optionsOf(name)}`).join('')}
  --segment, --tier   only customers (or members) of it
  --customer          one customer id
  --from, --to        from is inclusive, to exclusive: instants; of metrics UTC days
  --by                day, week or month; of contacts also channel, direction, kind, by commas

NDJSON, the default, has one answer of the API a line, exactly as it is, with the customerId (segmentId, from and to)
that it belongs to. CSV (the default for a file called .csv) is RFC 4180 in UTF-8 with the columns below; lists are JSON
text, what is missing is empty, and a text that a spreadsheet would take for a formula (it begins with = + - @, a tab or
a carriage return, and is no number) has an apostrophe before it.

A file is written as <file>.part, readable to you only, and renamed when it is whole. The last line on stderr says how
many rows of which projections; --json says it as JSON. Exit code: 0, or 1 where it failed, where customers are
parked (their rows stop at what could be folded), or where another version took over while rows were read.

Columns of CSV:
${EXPORT_NAMES.map((name) => `\n  ${name}\n${wrapped(COLUMNS[name])}`).join('')}`;

export const exportVerb: Verb = {
  name: 'export',
  summary: 'read models as NDJSON or CSV',
  usage,
  async run(args, context) {
    const options = readOptions(args);
    const connection = await context.connect({ existing: true });
    try {
      const { projections } = KINDS[options.what];
      const startedMs = Date.now();
      const before = await servedNow(connection, projections);
      const rows = await exportRows(options, connection, context);
      const changed = replaced(before, await servedNow(connection, projections));
      const report = { rows, seconds: (Date.now() - startedMs) / 1000, served: before, changed };
      const asJson = context.json || options.json;
      context.stderr.write(asJson ? `${jsonOf(options, report)}\n` : describe(options, report));
      const parked = before.some(({ parkedCount }) => parkedCount > 0);
      return parked || changed.length > 0 ? EXIT_NOT_ALL_WELL : EXIT_OK;
    } finally {
      await connection.close();
    }
  },
};

interface Report {
  readonly rows: number;
  readonly seconds: number;
  readonly served: readonly Served[];
  readonly changed: readonly string[];
}

async function exportRows(
  { what, format, file, selection, json }: ExportOptions,
  connection: Connection,
  context: VerbContext,
): Promise<number> {
  const csv = format === 'csv' ? new CsvLines(COLUMNS[what]) : undefined;
  const output: ExportOutput = file === undefined ? toStdout(context) : await toFile(file);
  const quiet = context.json || json || (file === undefined && process.stdout.isTTY);
  const progress = rowProgress({ ...context, quiet });
  let rows = 0;
  try {
    if (csv !== undefined) await output.write(csv.header);
    for await (const row of ROWS[what](connection, selection)) {
      await output.write(csv === undefined ? `${JSON.stringify(row)}\n` : csv.line(row));
      progress.show(++rows);
    }
    await output.finish();
  } catch (error) {
    await output.abandon();
    throw error;
  } finally {
    progress.end();
  }
  return rows;
}

function jsonOf({ what, format, file }: ExportOptions, { rows, seconds, served, changed }: Report): string {
  return JSON.stringify({ what, format, file, rows, seconds, projections: served, changed });
}

function describe({ file }: ExportOptions, { rows, seconds, served, changed }: Report): string {
  const into = file === undefined ? '' : ` into ${file}`;
  const speed = `${seconds.toFixed(1)} s, ${grouped(rate(rows, seconds * 1000))}/s`;
  const mixed = changed.length === 0 ? '' : `; another version of ${changed.join(' ')} took over meanwhile`;
  return `${grouped(rows)} ${rows === 1 ? 'row' : 'rows'}${into} in ${speed}: ${describeServed(served)}${mixed}\n`;
}

function optionsOf(name: (typeof EXPORT_NAMES)[number]): string {
  const { options } = KINDS[name];
  const shown = options.map((option) => `--${option}`).join(' ');
  return shown === '' ? '' : `${' '.repeat(16)}${shown}\n`;
}

function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines[lines.length - 1];
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(`    ${word}`);
    else lines[lines.length - 1] = `${last},${word}`;
  }
  return lines.map((line, index) => `${line}${index < lines.length - 1 ? ',' : ''}\n`).join('');
}
