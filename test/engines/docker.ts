import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
/** A project of its own: a developer's ledger of the same compose file stays as it is. */
const PROJECT = ['compose', '--project-name', 'touchstone-test'];
const SERVERS = ['eventstoredb', 'kafka', 'mongodb', 'mongodb-init'];
const UP_TIMEOUT_MS = 600_000;
/** Compose reads the whole file, also what the roles need. */
const ENVIRONMENT = { ...process.env, TOUCHSTONE_ADMIN_KEY: 'no role is started by this project' };

/** The compose file's servers, where this machine has Docker; as variables for the specs. */
export function composeServers(): Readonly<Record<string, string>> | undefined {
  if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status !== 0) return undefined;
  if (spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status !== 0) return undefined;
  compose('up', '--wait', '--quiet-pull', ...SERVERS);
  return {
    TEST_EVENTSTORE_URL: 'esdb://127.0.0.1:2113?tls=false',
    TEST_KAFKA_BROKERS: '127.0.0.1:29092',
    TEST_MONGODB_URL: 'mongodb://127.0.0.1:27017/?directConnection=true',
  };
}

/** Ends them and forgets what they held. */
export function removeComposeServers(): void {
  compose('down', '--volumes');
}

function compose(...command: string[]): void {
  execFileSync('docker', [...PROJECT, ...command], {
    cwd: ROOT,
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: UP_TIMEOUT_MS,
  });
}
