import 'reflect-metadata';
import { Distributed, engineVariables } from '#libs/distributed';
import { DataDirectoryError } from '#libs/engines/embedded';
import { enginesOf, runRole } from '#libs/nest';
import { ModelCommands, Models, projectionsOf, Reader, RootKeyError, TaskBoardAdmin } from '#libs/runtime';
import { CommandApiModule } from './app.module';

let ledger: Distributed | undefined;

runRole({
  role: 'command-api',
  env: process.env,
  engines: engineVariables,
  clear: [RootKeyError, DataDirectoryError],
  async open(config) {
    const opened = await Distributed.open(enginesOf(config));
    ledger = opened;
    const { log, store, board, keys, newId, clock } = opened;
    const written = opened.ledger();
    const models = new Models(log);
    const projections = projectionsOf(models);
    const feed = opened.feed();
    // Fitting a model reads what was bought; of customers nothing is read here.
    const { heads, resolver } = written;
    const reader = new Reader({ log, store, projections, heads, resolver });
    const purchases = (): ReturnType<Reader['group']> => reader.group('purchases');
    const admin = new TaskBoardAdmin({ log, feed, store, projections, board, newId });
    const writer = opened.modelWriter(models);
    const modelCommands = new ModelCommands({ log, feed, purchases, models, writer, admin, clock });
    return {
      module: CommandApiModule.with({ ledger: written, keys, modelCommands }),
      authenticator: opened.keys,
      close: () => opened.close(),
    };
  },
  async listening(url, config) {
    const first = await ledger?.keys.ensureFirst(config.adminKey);
    const said = `Touchstone command-api listens at ${url}`;
    if (first === undefined) return said;
    return `${said}\nFirst API key, with all roles, shown only this once; keep it:\n  ${first.key}`;
  },
});
