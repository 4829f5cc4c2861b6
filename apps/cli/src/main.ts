import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf, messageOf } from '#libs/core';
import { benchVerb } from './bench/verb';
import { connect } from './connect';
import { demoVerb } from './demo/verb';
import { doctorVerb } from './doctor';
import { exportVerb } from './export/verb';
import { takeGlobalOptions } from './global-options';
import { importVerb } from './import/verb';
import { initVerb } from './init';
import { keysVerb } from './keys';
import { modelsVerb } from './models';
import { promoteVerb } from './promote';
import { rebuildVerb } from './rebuild';
import { reindexVerb } from './reindex';
import { replayVerb } from './replay';
import { retryVerb } from './retry';
import { rollbackVerb } from './rollback';
import { serveVerb } from './serve';
import { CliError, EXIT_NOT_ALL_WELL, EXIT_OK, EXIT_USAGE, UsageError } from './verb';
import type { Verb } from './verb';
import { verifyVerb } from './verify';

const verbs: readonly Verb[] = [
  serveVerb,
  initVerb,
  importVerb,
  exportVerb,
  replayVerb,
  verifyVerb,
  rebuildVerb,
  rollbackVerb,
  retryVerb,
  modelsVerb,
  promoteVerb,
  reindexVerb,
  keysVerb,
  benchVerb,
  demoVerb,
  doctorVerb,
];

const usage = `touchstone <verb> … [--data <directory> | --url <address> --key <key>|--key-file <file>] [--json]

${verbs.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`).join('\n')}

touchstone <verb> --help says more. A verb talks to the running server of the data directory (TOUCHSTONE_DATA or
./data), else it opens the directory itself; --url and --key name another server.
`;

async function main(args: string[]): Promise<number> {
  const { options, rest } = takeGlobalOptions(args);
  const [name, ...own] = rest;
  if (name === undefined) {
    (options.help ? process.stdout : process.stderr).write(usage);
    return options.help ? EXIT_OK : EXIT_USAGE;
  }
  const verb = verbs.find((known) => known.name === name);
  if (verb === undefined) {
    const what = name.startsWith('-') ? 'option' : 'verb';
    throw new UsageError(`there is no ${what} ${name}; touchstone --help lists them`);
  }
  if (options.help) {
    process.stdout.write(verb.usage);
    return EXIT_OK;
  }
  const { url, json } = options;
  const key = options.keyFile === undefined ? options.key : keyIn(options.keyFile);
  // As the server reads it: an empty name is as good as none.
  const dataDirectory = resolve(options.data ?? (process.env['TOUCHSTONE_DATA'] || './data'));
  return verb.run(own, {
    connect: (wanted = {}) =>
      connect({
        dataDirectory,
        ...wanted,
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

function keyIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CliError(`the key can't be read: ${messageOf(error)}`, { cause: error });
  }
}

/** node:util marks a wrong call by its code. */
function isUsage(error: unknown): boolean {
  return error instanceof UsageError || codeOf(error).startsWith('ERR_PARSE_ARGS');
}

/** node:util goes on to explain positional arguments, which is not what was meant. */
function firstSentence(text: string): string {
  return text.replace(/\. [A-Z].*$/s, '');
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
    process.stderr.write(`touchstone: ${isUsage(error) ? firstSentence(text) : text}\n`);
    process.exitCode = isUsage(error) ? EXIT_USAGE : EXIT_NOT_ALL_WELL;
  },
);
