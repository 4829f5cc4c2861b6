import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { onSignals, ROLES, spawnServer } from './server-process';
import { EXIT_NOT_ALL_WELL, UsageError } from './verb';
import type { Verb } from './verb';

const usage = `touchstone serve [--role ${ROLES.join('|')}]

Runs a role in the foreground until it is told to stop. standalone, the default, is a whole ledger on embedded engines.
Every other role runs on EventStoreDB, Kafka and MongoDB: docs/configuration.md says how they are named.
`;

export const serveVerb: Verb = {
  name: 'serve',
  summary: 'run a role in the foreground',
  usage,
  async run(args, { dataDirectory }) {
    const { values } = parseArgs({ args, options: { role: { type: 'string', default: 'standalone' } } });
    const role = ROLES.find((known) => known === values.role);
    if (role === undefined)
      throw new UsageError(`there is no role ${values.role}; there are ${ROLES.join(', ')}`);
    const server = spawnServer({ role, args: [], env: { TOUCHSTONE_DATA: dataDirectory }, stdio: 'inherit' });
    const deafen = onSignals((tell) => server.kill(tell));
    const [code]: unknown[] = await once(server, 'exit');
    deafen();
    return typeof code === 'number' ? code : EXIT_NOT_ALL_WELL;
  },
};
