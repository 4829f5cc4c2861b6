import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { onSignals, spawnServer } from './server-process';
import { CliError, EXIT_NOT_ALL_WELL } from './verb';
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
    const server = spawnServer({ args: [], env: { TOUCHSTONE_DATA: dataDirectory }, stdio: 'inherit' });
    const deafen = onSignals((tell) => server.kill(tell));
    const [code]: unknown[] = await once(server, 'exit');
    deafen();
    return typeof code === 'number' ? code : EXIT_NOT_ALL_WELL;
  },
};
