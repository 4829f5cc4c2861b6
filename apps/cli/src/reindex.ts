import { parseArgs } from 'node:util';
import { distributedTarget } from './distributed-target';
import { grouped } from './import/progress';
import { interruptible } from './interruptible';
import { EXIT_OK } from './verb';
import type { Verb } from './verb';

const usage = `touchstone reindex [--json]

Makes the index beside EventStoreDB again, from the log: which event has which id and which idempotency key. It is in the
vault's database in MongoDB, and a command that was retried is found by it. For a vault whose index was lost, or is older
than the log; roles may run meanwhile. Where the engines are is what the roles read: TOUCHSTONE_EVENTSTORE_URL and so on.
Broken off, run it again.
`;

export const reindexVerb: Verb = {
  name: 'reindex',
  summary: 'make the index beside EventStoreDB again from the log',
  usage,
  async run(args, { dataDirectory, stdout, stderr, isTTY, json }) {
    parseArgs({ args, options: {} });
    // Here, not above: all other verbs start without the drivers.
    const { Distributed, engineVariables } = await import('#libs/distributed');
    const target = distributedTarget(engineVariables, process.env, dataDirectory);
    let events = 0;
    const tell = (done: number): void => {
      events = done;
      if (isTTY) stderr.write(`\r${grouped(events)} events`);
    };
    try {
      await interruptible([], async (signal) => {
        const ledger = await Distributed.open(target);
        try {
          await ledger.reindex(tell, signal);
        } finally {
          await ledger.close();
        }
      });
    } finally {
      if (isTTY) stderr.write('\n');
    }
    stdout.write(json ? `${JSON.stringify({ events })}\n` : `${grouped(events)} events are in the index\n`);
    return EXIT_OK;
  },
};
