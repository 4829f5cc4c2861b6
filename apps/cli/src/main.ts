import { parseArgs } from 'node:util';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { connect } from './connect';
import { doctorVerb } from './doctor';
import { importVerb } from './import/verb';
import { keysVerb } from './keys';
import { rebuildVerb } from './rebuild';
import { replayVerb } from './replay';
import { serveVerb } from './serve';
import { CliError, EXIT_NOT_ALL_WELL, EXIT_OK, EXIT_USAGE, messageOf, UsageError } from './verb';
import type { Verb } from './verb';
import { verifyVerb } from './verify';

const verbs: readonly Verb[] = [
  serveVerb,
  importVerb,
  replayVerb,
  verifyVerb,
  rebuildVerb,
  keysVerb,
  doctorVerb,
];

const usage = `touchstone [--data <directory>] [--url <address> --key <key>|--key-file <file>] [--json] <verb> …

${verbs.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`).join('\n')}

touchstone <verb> --help says more. A verb talks to the running server of the data directory (TOUCHSTONE_DATA or
./data), else it opens the directory itself; --url and --key name another server.
`;

const OPTIONS = {
  data: { type: 'string' },
  url: { type: 'string' },
  key: { type: 'string' },
  'key-file': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

async function main(args: string[]): Promise<number> {
  // What stands before the verb is ours, everything after it the verb's.
  const at = args.findIndex((arg, i) => !arg.startsWith('-') && !takesValue(args[i - 1]));
  const { values } = parseArgs({ args: at === -1 ? args : args.slice(0, at), options: OPTIONS });
  const name = at === -1 ? undefined : args[at];
  if (name === undefined) {
    (values.help ? process.stdout : process.stderr).write(usage);
    return values.help ? EXIT_OK : EXIT_USAGE;
  }
  const verb = verbs.find((known) => known.name === name);
  if (verb === undefined) throw new UsageError(`there is no verb ${name}; touchstone --help lists them`);
  const rest = args.slice(at + 1);
  if (values.help || rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(verb.usage);
    return EXIT_OK;
  }
  const dataDirectory = resolve(values.data ?? process.env['TOUCHSTONE_DATA'] ?? './data');
  const key = values['key-file'] === undefined ? values.key : readFileSync(values['key-file'], 'utf8').trim();
  const { url, json } = values;
  return verb.run(rest, {
    connect: (options = {}) =>
      connect({
        dataDirectory,
        ...options,
        ...(url === undefined ? {} : { url }),
        ...(key === undefined ? {} : { key }),
      }),
    dataDirectory,
    stdout: process.stdout,
    stderr: process.stderr,
    isTTY: process.stderr.isTTY,
    json,
  });
}

function takesValue(arg: string | undefined): boolean {
  return arg !== undefined && ['--data', '--url', '--key', '--key-file'].includes(arg);
}

/** node:util marks a wrong call by its code. */
function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT_OK : EXIT_NOT_ALL_WELL),
);

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const known = isUsage(error) || error instanceof CliError;
    const text = known || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
    process.stderr.write(`touchstone: ${text}\n`);
    process.exitCode = isUsage(error) ? EXIT_USAGE : EXIT_NOT_ALL_WELL;
  },
);
