import 'reflect-metadata';
import { faultFields, runRole } from '#libs/nest';
import { DataDirectoryError, ForeignFileError } from '#libs/engines/embedded';
import { RootKeyError } from '#libs/runtime';
import { StandaloneModule } from './app.module';
import { writeServerFile } from './server-file';
import { openStandalone } from './standalone';
import type { Standalone } from './standalone';

/** EX_SOFTWARE of sysexits.h: a supervisor should restart, and somebody should look at the disk. */
const EXIT_DISK_FAULT = 70;

const isPrivate = process.argv.includes('--private');
// A private server ends with the verb that started it, however that one ended.
if (isPrivate) process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGTERM'));

let standalone: Standalone | undefined;
let forget = (): void => undefined;

runRole({
  role: 'standalone',
  env: process.env,
  clear: [DataDirectoryError, ForeignFileError, RootKeyError],
  async open(config, logger) {
    const opened = await openStandalone({
      ...config,
      onFatal: (error) => {
        // After a failed commit nobody knows what the disk holds: stop acknowledging, at once, and recover at the next start.
        logger.fatal({ fault: faultFields(error) }, 'stopping at once');
        logger.flush();
        process.exit(EXIT_DISK_FAULT);
      },
      onProjectingStopped: (fault) =>
        logger.error({ fault: faultFields(new Error(fault)) }, 'projecting has stopped'),
    });
    standalone = opened;
    return {
      module: StandaloneModule.with(opened),
      authenticator: opened.keys,
      close: async () => {
        forget();
        await opened.close();
      },
    };
  },
  async listening(url, config) {
    const keys = standalone?.keys;
    if (keys === undefined) throw new Error('listening before anything is open');
    // Made once the address is ours: a start that fails must not use up the only time the key is shown. A verb of the
    // command line that opens a directory for itself has its own token and leaves the first key to a person.
    const first = isPrivate ? undefined : await keys.ensureFirst(config.adminKey);
    forget = writeServerFile(config.dataDirectory, url, keys.localToken);
    const said = `Touchstone listens at ${url} (data: ${config.dataDirectory}; try ${url}/docs)`;
    if (first === undefined) return said;
    const advice =
      'First API key, with all roles, shown only this once; keep it, then make keys with fewer roles:';
    return `${said}\n${advice}\n  ${first.key}`;
  },
});
