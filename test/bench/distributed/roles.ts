import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Distributed } from '#libs/distributed';
import type { Connection } from '../../../apps/cli/src/verb';
import startEngines from '../../engines/global-setup';
import stopEngines from '../../engines/global-teardown';
import { RoleProcess } from '../../e2e/distributed-server';
import type { DistributedRole } from '../../e2e/distributed-server';
import { ADMIN_KEY, newHome, removeHome } from '../../e2e/server';
import type { Progress } from './rate';

/** An empty ledger on the servers that the engines' tests have; each role is started when its figure is due. */
export class Roles {
  readonly key = ADMIN_KEY;
  readonly #home = newHome();
  readonly #keyFile = join(this.#home, 'ledger.key');
  readonly #data = join(this.#home, 'data');
  readonly #running = new Map<DistributedRole, RoleProcess>();
  #env: Readonly<Record<string, string>> = {};
  #opened: Distributed | undefined;

  static async open(): Promise<Roles> {
    const roles = new Roles();
    try {
      await startEngines();
      roles.#env = roles.#environment();
      return roles;
    } catch (error) {
      await roles.close();
      throw error;
    }
  }

  /** Resolves when it listens. */
  async start(role: DistributedRole): Promise<Connection & { readonly port: number }> {
    const started = new RoleProcess(role, this.#env);
    this.#running.set(role, started);
    await started.start();
    const { url } = started;
    const close = (): Promise<void> => started.end('SIGTERM');
    return { url, port: Number(new URL(url).port), key: this.key, close };
  }

  /** How far the relay is, and whether that is the end of a log that nobody writes to. Costs the relay nothing. */
  async relayed(): Promise<Progress> {
    const ledger = (this.#opened ??= await this.#open());
    const checkpoint = await ledger.relayCheckpoints.load();
    const done = checkpoint !== undefined && checkpoint.position === (await ledger.log.lastPosition());
    return { events: checkpoint?.sequence ?? 0, done };
  }

  /** A figure of a role that has died would be none. */
  check(): void {
    for (const { role, endedAlone, output } of this.#running.values()) {
      if (endedAlone !== undefined)
        throw new Error(`${role} ended with ${endedAlone}: ${output.slice(-2_000)}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((role) => role.end('SIGTERM')));
    await this.#opened?.close();
    await stopEngines();
    removeHome(this.#home);
  }

  #environment(): Record<string, string> {
    const name = `bench-${randomBytes(4).toString('hex')}`;
    const database = new URL(given('TEST_MONGODB_URL'));
    database.pathname = `/${name}`;
    writeFileSync(this.#keyFile, `touchstone-root-key-v1:${randomBytes(32).toString('base64')}\n`, {
      mode: 0o600,
    });
    return {
      TOUCHSTONE_DATA: this.#data,
      TOUCHSTONE_ROOT_KEY_FILE: this.#keyFile,
      TOUCHSTONE_ADMIN_KEY: this.key,
      TOUCHSTONE_EVENTSTORE_URL: given('TEST_EVENTSTORE_URL'),
      TOUCHSTONE_KAFKA_BROKERS: given('TEST_KAFKA_BROKERS'),
      TOUCHSTONE_KAFKA_TOPIC: name,
      TOUCHSTONE_MONGODB_URL: database.href,
      TOUCHSTONE_LOG_LEVEL: 'warn',
      PORT: '0',
    };
  }

  #open(): Promise<Distributed> {
    return Distributed.open({
      eventStoreUrl: given('TEST_EVENTSTORE_URL'),
      kafkaBrokers: given('TEST_KAFKA_BROKERS').split(','),
      kafkaTopic: this.#env['TOUCHSTONE_KAFKA_TOPIC'] ?? '',
      mongodbUrl: this.#env['TOUCHSTONE_MONGODB_URL'] ?? '',
      rootKeyFile: this.#keyFile,
      dataDirectory: this.#data,
    });
  }
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
