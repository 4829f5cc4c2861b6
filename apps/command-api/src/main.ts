import 'reflect-metadata';
import { Distributed } from '#libs/distributed';
import { DataDirectoryError } from '#libs/engines/embedded';
import { enginesOf, runRole } from '#libs/nest';
import { RootKeyError } from '#libs/runtime';
import { CommandApiModule } from './app.module';

let ledger: Distributed | undefined;

runRole({
  role: 'command-api',
  env: process.env,
  clear: [RootKeyError, DataDirectoryError],
  async open(config) {
    const opened = await Distributed.open(enginesOf(config));
    ledger = opened;
    return {
      module: CommandApiModule.with(opened.ledger(), opened.keys),
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
