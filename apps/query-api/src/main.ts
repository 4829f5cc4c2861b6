import 'reflect-metadata';
import { Distributed, engineVariables } from '#libs/distributed';
import { DataDirectoryError } from '#libs/engines/embedded';
import { enginesOf, runRole } from '#libs/nest';
import { AsOf, History, Models, projectionsOf, Reader, RootKeyError, TaskBoardAdmin } from '#libs/runtime';
import { QueryApiModule } from './app.module';

runRole({
  role: 'query-api',
  env: process.env,
  engines: engineVariables,
  clear: [RootKeyError, DataDirectoryError],
  async open(config) {
    const opened = await Distributed.open(enginesOf(config));
    const { log, store, board, newId, keys } = opened;
    // It appends nothing: of the write side it uses what finds customers and heads.
    const { heads, keyring, resolver } = opened.ledger();
    const models = new Models(log);
    const projections = projectionsOf(models);
    return {
      module: QueryApiModule.with({
        log,
        reader: new Reader({ log, store, projections, heads, resolver }),
        history: new History(log, keyring, heads),
        models,
        asOf: new AsOf({ log, keyring, heads, models, projections }),
        topic: config.engines?.kafkaTopic,
        admin: new TaskBoardAdmin({ log, feed: opened.feed(), store, projections, board, newId }),
      }),
      authenticator: keys,
      close: () => opened.close(),
    };
  },
});
