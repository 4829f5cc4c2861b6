import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { serverEntry } from './connect';
import { CliError } from './verb';
import type { Verb } from './verb';

const usage = `touchstone serve [--role standalone]

Runs the ledger in the foreground until it is told to stop. Every role but standalone needs EventStoreDB, Kafka and
MongoDB and comes with them.
`;

export const serveVerb: Verb = {
  name: 'serve',
  summary: 'run the ledger in the foreground',
  usage,
  async run(args, { dataDirectory }) {
    const { values } = parseArgs({ args, options: { role: { type: 'string', default: 'standalone' } } });
    if (values.role !== 'standalone') {
      throw new CliError(`role ${values.role} comes with the distributed engines, which are not there yet`);
    }
    const env = { ...process.env, TOUCHSTONE_DATA: dataDirectory };
    const child = spawn(process.execPath, ['--enable-source-maps', serverEntry()], { env, stdio: 'inherit' });
    // A terminal signals the whole group; a supervisor signals this process only.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
    return new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  },
};
