import { parseArgs } from 'node:util';
import { messageOf } from '#libs/core';
import { httpBulkSender } from './http-bulk-sender';
import { ImportError } from './import-error';
import { prepareImport } from './prepare-import';
import type { PreparedImport } from './prepare-import';
import { grouped, progressDisplay, rate } from './progress';
import type { ProgressDisplay } from './progress';
import { REJECTS_SUFFIX, rejectLine, rejectsFiles, removeOldRejects } from './rejects-file';
import type { RejectSink } from './rejects-file';
import { runImport } from './run-import';
import type { ImportCounts, ImportOptions } from './run-import';

/** What a dry run shows of the lines it would send, and of the rejects. */
const SHOWN_LINES = 5;
const SHOWN_REJECTS = 20;

const EXIT_OK = 0;
const EXIT_NOT_ALL_WELL = 1;
const EXIT_USAGE = 2;

const usage = `touchstone import <file…> [--map mapping.yaml] [--command touchpoint] [--dry-run] [--json]

Reads CSV, TSV, whitespace-separated or NDJSON files, gzip or not, and sends them to the ledger as commands.
Importing the same again writes nothing twice, so an import that was interrupted is simply repeated.

  --map <file>      how rows become commands (docs/import.md); without it, NDJSON lines are sent as they are, and
                    a table's columns are named like the fields of the command
  --command <name>  touchpoint, purchase, refund, survey-answer, feedback, customer or touchpoint-status:
                    the command of lines, or of a mapping's rules, that name none
  --dry-run         converts everything, shows the first lines, the counts and the rejects, and sends nothing
  --json            the result as one JSON object

Rows that could not be imported are in <file>.rejects.ndjson beside the file, each with its line and the reason.
Exit code: 0 when nothing was rejected, 1 when something was or the import broke off, 2 for a wrong call or mapping.
`;

interface Output {
  write(text: string): unknown;
}

export interface ImportContext {
  /** Finds or opens the ledger. Not called for a dry run, nor before files and mapping are known to be right. */
  connect(): Promise<{ url: string; key: string; close(): Promise<void> }>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether stderr is a terminal. */
  readonly isTTY: boolean;
  /** Whether `--json` was given before the verb. */
  readonly json: boolean;
}

export const importVerb = {
  name: 'import',
  summary: 'read CSV, TSV, whitespace-separated or NDJSON files into commands',
  usage,
  run,
};

async function run(args: string[], context: ImportContext): Promise<number> {
  const options = parse(args);
  if (typeof options === 'string') {
    context.stderr.write(`import: ${options}\n\n${usage}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    context.stdout.write(usage);
    return EXIT_OK;
  }
  let prepared: PreparedImport;
  try {
    prepared = await prepareImport(options);
  } catch (error) {
    return report(error, context, EXIT_USAGE);
  }
  for (const warning of prepared.warnings) context.stderr.write(`warning: ${warning}\n`);
  const json = context.json || options.json;
  try {
    const result = options.dryRun
      ? await dryRun(prepared, context, json)
      : await send(prepared, options.paths, context);
    context.stdout.write(json ? `${JSON.stringify(result)}\n` : describe(result));
    return result.rejected === 0 ? EXIT_OK : EXIT_NOT_ALL_WELL;
  } catch (error) {
    return report(error, context, EXIT_NOT_ALL_WELL);
  }
}

interface Options {
  readonly paths: readonly string[];
  readonly map: string | undefined;
  readonly command: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

function parse(args: string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        map: { type: 'string' },
        command: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { map, command, json, help, 'dry-run': dry } = values;
    if (positionals.length === 0 && !help) return 'no file was named';
    return { paths: positionals, map, command, dryRun: dry, json, help };
  } catch (error) {
    return messageOf(error);
  }
}

interface Result extends ImportCounts {
  readonly dryRun: boolean;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly rejectsFiles: readonly string[];
  /** Of a dry run: how many of each command would be sent. */
  readonly commands?: Readonly<Record<string, number>>;
}

async function send(
  prepared: PreparedImport,
  paths: readonly string[],
  context: ImportContext,
): Promise<Result> {
  const connection = await context.connect();
  const sender = httpBulkSender(connection);
  try {
    await removeOldRejects(paths);
    const result = await timed(prepared, context, { sender, rejects: rejectsFiles() });
    for (const path of result.rejectsFiles) {
      if (paths.some((input) => path === input + REJECTS_SUFFIX)) continue;
      context.stderr.write(`rejects could not be written beside their file, they are in ${path}\n`);
    }
    return { ...result, dryRun: false };
  } finally {
    sender.close();
    await connection.close();
  }
}

async function dryRun(prepared: PreparedImport, context: ImportContext, json: boolean): Promise<Result> {
  const commands: Record<string, number> = {};
  let shown = 0;
  const result = await timed(prepared, context, {
    sender: undefined,
    rejects: shownRejects(context.stderr),
    onLine: ({ command, text }) => {
      commands[command] = (commands[command] ?? 0) + 1;
      shown += 1;
      if (!json && shown <= SHOWN_LINES) context.stdout.write(`${text}\n`);
    },
  });
  return { ...result, dryRun: true, commands };
}

type Parts = Pick<ImportOptions, 'sender' | 'rejects' | 'onLine'>;

const nowMs = (): number => performance.now();

async function timed(
  prepared: PreparedImport,
  context: ImportContext,
  parts: Parts,
): Promise<Omit<Result, 'dryRun'>> {
  const startedMs = nowMs();
  const display: ProgressDisplay = progressDisplay({
    write: (text) => context.stderr.write(text),
    isTerminal: context.isTTY,
    nowMs,
  });
  let rejectsFilesWritten: readonly string[] = [];
  let counts: ImportCounts;
  try {
    counts = await runImport({
      ...prepared,
      ...parts,
      onProgress: (progress) => display.show(progress),
      onRetry: (message, waitMs) => display.note(`${message}; again in ${(waitMs / 1000).toFixed(1)} s`),
    });
  } finally {
    display.end();
    rejectsFilesWritten = await parts.rejects.close();
  }
  const elapsedMs = nowMs() - startedMs;
  return {
    ...counts,
    seconds: Math.round(elapsedMs) / 1000,
    rowsPerSecond: rate(counts.rows, elapsedMs),
    rejectsFiles: rejectsFilesWritten,
  };
}

/** The rejects of a dry run: the first ones are shown, none is written to a file. */
function shownRejects(stderr: Output): RejectSink {
  let count = 0;
  return {
    write(reject) {
      count += 1;
      if (count <= SHOWN_REJECTS) stderr.write(`rejected: ${rejectLine(reject)}\n`);
      return Promise.resolve();
    },
    close() {
      if (count > SHOWN_REJECTS) stderr.write(`… and ${grouped(count - SHOWN_REJECTS)} more rejected\n`);
      return Promise.resolve([]);
    },
  };
}

function describe(result: Result): string {
  const commands = Object.entries(result.commands ?? {}).map(([name, count]) => `${name} ${grouped(count)}`);
  const lines = result.dryRun
    ? [['would send', `${grouped(result.accepted)}${commands.length > 0 ? ` (${commands.join(', ')})` : ''}`]]
    : [
        ['accepted', grouped(result.accepted)],
        ['duplicates', grouped(result.duplicates)],
      ];
  lines.push(['rejected', [grouped(result.rejected), ...result.rejectsFiles].join('  ')]);
  if (result.skippedRows > 0)
    lines.push(['skipped', `${grouped(result.skippedRows)} rows, as the mapping asks`]);
  const speed = `${grouped(result.rowsPerSecond)} rows/s`;
  lines.push(['read', `${grouped(result.rows)} rows in ${result.seconds.toFixed(1)} s, ${speed}`]);
  return lines.map(([name = '', value = '']) => `${name.padEnd(12)}${value}\n`).join('');
}

function report(error: unknown, { stderr }: ImportContext, code: number): number {
  // Anything but an ImportError is our own fault, and whoever called wants to see where.
  if (!(error instanceof ImportError)) throw error;
  stderr.write(`import: ${error.message}\n`);
  return code;
}
