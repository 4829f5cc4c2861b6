import 'reflect-metadata';
import { Distributed, engineVariables } from '#libs/distributed';
import { DataDirectoryError } from '#libs/engines/embedded';
import { enginesOf, faultFields, runRole } from '#libs/nest';
import { Relay, RootKeyError, unpublishedMs } from '#libs/runtime';
import { RelayModule } from './app.module';

runRole({
  role: 'relay',
  env: process.env,
  engines: engineVariables,
  clear: [RootKeyError, DataDirectoryError],
  async open(config, logger) {
    const ledger = await Distributed.open(enginesOf(config));
    const { log, relayCheckpoints: checkpoints, newId, keys } = ledger;
    const sink = ledger.sink();
    const isSameLedger = (): Promise<boolean> => ledger.isSameLedger();
    const relay = new Relay({ log, sink, checkpoints, newId, isSameLedger });
    const stop = new AbortController();
    const running = relay.run(stop.signal).catch((error: unknown) => {
      // Not a fault of an engine: nothing that another try would mend. A supervisor starts the role anew.
      logger.fatal({ fault: faultFields(error) }, 'relaying has stopped');
      process.exitCode = 1;
      process.kill(process.pid, 'SIGTERM');
    });
    let alarms = 0;
    const watching = ledger.watchHistory({
      signal: stop.signal,
      onAlarm: ({ what, position }) => {
        alarms++;
        // Not the stream: it names a customer. The position is enough to find it.
        logger.error({ what, position }, 'history was made to vanish in EventStoreDB');
      },
      onFault: (error) => logger.error({ fault: faultFields(error) }, 'history is not watched: trying again'),
    });
    return {
      module: RelayModule.with(relay, { lagMs: () => unpublishedMs(log, checkpoints), alarms: () => alarms }),
      authenticator: keys,
      close: async () => {
        stop.abort();
        await Promise.allSettled([running, watching]);
        await sink.close();
        await ledger.close();
      },
    };
  },
});
