import 'reflect-metadata';
import { Distributed, engineVariables } from '#libs/distributed';
import { DataDirectoryError } from '#libs/engines/embedded';
import { enginesOf, faultFields, runRole } from '#libs/nest';
import type { ProjectionTaskPorts } from '#libs/runtime';
import { Models, Projector, projectionsOf, RootKeyError, TaskWorker } from '#libs/runtime';
import { ProjectorModule } from './app.module';

runRole({
  role: 'projector',
  env: process.env,
  engines: engineVariables,
  clear: [RootKeyError, DataDirectoryError],
  async open(config, logger) {
    const ledger = await Distributed.open(enginesOf(config));
    const { log, store, board, keys, newId } = ledger;
    const keyring = ledger.keyring();
    const models = new Models(log);
    const projections = projectionsOf(models);
    const writer = ledger.modelWriter(models);
    const onTrouble = (error: unknown): void =>
      logger.warn({ fault: faultFields(error) }, 'projecting is tried again');
    const ports = { log, feed: ledger.feed(), store, keyring, projections, onTrouble };
    const projector = new Projector(ports, (fault) =>
      logger.error({ fault: faultFields(fault) }, 'projecting has stopped'),
    );
    await projector.start();
    const stop = new AbortController();
    const names = projections.plain.map(({ name }) => name);
    const tasks: ProjectionTaskPorts = {
      projector,
      log,
      keyring,
      names,
      activated: (model, actor) => writer.activated(model, actor),
    };
    const worker = new TaskWorker(board, newId(), tasks, (error) =>
      logger.warn({ fault: faultFields(error) }, 'a task could not be reported'),
    );
    const working = worker.run(stop.signal);
    return {
      module: ProjectorModule.with(projector),
      authenticator: keys,
      close: async () => {
        stop.abort();
        await projector.stop();
        await working;
        await ledger.close();
      },
    };
  },
});
