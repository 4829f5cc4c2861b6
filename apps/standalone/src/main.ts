import 'reflect-metadata';
import { ConfigError, createHttpApp, createLogger, faultFields, listen, readConfig } from '#libs/nest';
import { DataDirectoryError, ForeignFileError } from '#libs/engines/embedded';
import { RootKeyError } from '#libs/runtime';
import { StandaloneModule } from './app.module';
import { writeServerFile } from './server-file';
import { openStandalone } from './standalone';

const VERSION = '0.1.0';
/** EX_SOFTWARE of sysexits.h: a supervisor should restart, and somebody should look at the disk. */
const EXIT_DISK_FAULT = 70;

/** What a person can mend is told in one line; anything else with its stack. */
const CLEAR_ERRORS = [ConfigError, DataDirectoryError, ForeignFileError, RootKeyError];

async function main(): Promise<void> {
  const config = readConfig(process.env, 'standalone');
  const logger = createLogger(config.logLevel);
  const isPrivate = process.argv.includes('--private');
  // A private server ends with the verb that started it, however that one ended.
  if (isPrivate) process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGTERM'));
  const standalone = await openStandalone({
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
  let forget = (): void => undefined;
  const module = StandaloneModule.with(standalone, async () => {
    forget();
    await standalone.close();
  });
  const openApi = { title: 'Touchstone', version: VERSION };
  const app = await createHttpApp(module, { config, logger, authenticator: standalone.keys, openApi });
  const url = await listen(app, config);
  // Made once the address is ours: a start that fails must not use up the only time the key is shown. A verb of the
  // command line that opens a directory for itself has its own token and leaves the first key to a person.
  const first = isPrivate ? undefined : await standalone.keys.ensureFirst(config.adminKey);
  forget = writeServerFile(config.dataDirectory, url, standalone.keys.localToken);
  process.stdout.write(`Touchstone listens at ${url} (data: ${config.dataDirectory}; try ${url}/docs)\n`);
  if (first !== undefined) {
    process.stdout.write(
      `First API key, with all roles, shown only this once; keep it, then make keys with fewer roles:\n  ${first.key}\n`,
    );
  }
}

main().catch((error: unknown) => {
  const clear = error instanceof Error && CLEAR_ERRORS.some((type) => error instanceof type);
  const text =
    clear || (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      ? messageOf(error)
      : stackOf(error);
  process.stderr.write(`touchstone: ${text}\n`);
  process.exit(1);
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault';
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : 'unknown fault';
}
