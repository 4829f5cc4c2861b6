import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { startEventStore } from '../engines/eventstoredb/start';
import type { EngineServer } from '../engines/engine-server';
import { Client } from './client';
import { Gateway } from './gateway';
import { ADMIN_KEY, newHome, removeHome, ROOT } from './server';
import { eventually } from './wait';

export type DistributedRole = 'command-api' | 'relay' | 'projector' | 'query-api';

/** Addresses of servers that are given, instead of those that the test run has. */
export interface EngineAddresses {
  readonly eventStore: string;
  readonly kafka: string;
  /** Without a database. */
  readonly mongodb: string;
}

export interface DistributedOptions {
  readonly engines?: EngineAddresses;
  /** Processes of a role, where it is not one. */
  readonly processes?: Readonly<Partial<Record<DistributedRole, number>>>;
}

const ROLES: readonly DistributedRole[] = ['command-api', 'relay', 'projector', 'query-api'];
const START_DEADLINE_MS = 60_000;
const STARTED = /^Touchstone \S+ listens at (\S+)$/m;

/** One role as a process of its own. */
export class RoleProcess {
  url = '';
  #output = '';
  #child: ChildProcess | undefined;
  #asked = false;
  #endedAlone: string | undefined;
  readonly #orphaned = (): void => void this.#child?.kill('SIGKILL');

  constructor(
    readonly role: DistributedRole,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  get output(): string {
    return this.#output;
  }

  /** How it ended although nobody had asked it to. */
  get endedAlone(): string | undefined {
    return this.#endedAlone;
  }

  async start(): Promise<void> {
    this.#output = '';
    this.#asked = false;
    this.#endedAlone = undefined;
    const main = join(ROOT, `dist/apps/${this.role}/src/main.js`);
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOUCHSTONE_'));
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      env: { ...Object.fromEntries(inherited), ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    // A test run that dies must leave no process behind.
    process.once('exit', this.#orphaned);
    child.once('exit', (code, signal) => {
      process.off('exit', this.#orphaned);
      if (!this.#asked) this.#endedAlone = String(code ?? signal);
    });
    child.stdout.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.url = await eventually(
      `${this.role} listens`,
      () => {
        if (child.exitCode !== null)
          throw new Error(`${this.role} ended with ${child.exitCode}: ${this.#output}`);
        return STARTED.exec(this.#output)?.[1];
      },
      START_DEADLINE_MS,
    );
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    this.#asked = true;
    child.kill(signal);
    await ended;
  }

  /** SIGSTOP: its connections stay open, and nothing of it runs. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }
}

/** A ledger of four roles on EventStoreDB, Kafka and MongoDB, with everything of its own in them, behind one address. */
export class DistributedServer {
  readonly home = newHome();
  readonly processes: RoleProcess[] = [];
  /** Of this ledger's own in Kafka and MongoDB: a topic, a database. */
  name = `e2e-${randomBytes(6).toString('hex')}`;
  url = '';
  #store: EngineServer | undefined;
  #gateway: Gateway | undefined;

  private constructor() {}

  static async start(
    env: Readonly<Record<string, string>> = {},
    options: DistributedOptions = {},
  ): Promise<DistributedServer> {
    const server = new DistributedServer();
    try {
      await server.#open(env, options);
      return server;
    } catch (error) {
      await server.dispose();
      throw error;
    }
  }

  async #open(
    env: Readonly<Record<string, string>>,
    { engines, processes }: DistributedOptions,
  ): Promise<void> {
    const shared = engines === undefined ? process.env['TEST_SHARED_LEDGER'] : undefined;
    if (shared !== undefined) this.name = basename(shared).toLowerCase();
    const { eventStore, kafka, mongodb } = engines ?? (await this.#sharedEngines(shared));
    const database = new URL(mongodb);
    database.pathname = `/${this.name}`;
    const keyFile = join(shared ?? this.home, 'ledger.key');
    makeRootKey(keyFile);
    const common = {
      TOUCHSTONE_DATA: join(this.home, 'data'),
      TOUCHSTONE_ROOT_KEY_FILE: keyFile,
      TOUCHSTONE_ADMIN_KEY: ADMIN_KEY,
      TOUCHSTONE_EVENTSTORE_URL: eventStore,
      TOUCHSTONE_KAFKA_BROKERS: kafka,
      TOUCHSTONE_KAFKA_TOPIC: this.name,
      TOUCHSTONE_MONGODB_URL: database.href,
      PORT: '0',
      ...env,
    };
    for (const role of ROLES) {
      for (let i = 0; i < (processes?.[role] ?? 1); i++) this.processes.push(new RoleProcess(role, common));
    }
    await Promise.all(this.processes.map((role) => role.start()));
    this.#gateway = await Gateway.open(() => ({
      commands: this.role('command-api').url,
      queries: this.role('query-api').url,
    }));
    this.url = this.#gateway.url;
  }

  /** A real EventStoreDB is one ledger's, which all journeys of a run share; each has a double of its own. */
  async #sharedEngines(shared: string | undefined): Promise<EngineAddresses> {
    if (shared === undefined) this.#store = await startEventStore();
    return {
      eventStore: this.#store?.address ?? needed('TEST_EVENTSTORE_URL'),
      kafka: needed('TEST_KAFKA_BROKERS'),
      mongodb: needed('TEST_MONGODB_URL'),
    };
  }

  /** The first process of a role. */
  role(name: DistributedRole): RoleProcess {
    const [role] = this.all(name);
    if (role === undefined) throw new Error(`no ${name}`);
    return role;
  }

  all(name: DistributedRole): readonly RoleProcess[] {
    return this.processes.filter(({ role }) => role === name);
  }

  get output(): string {
    return this.processes.map(({ output }) => output).join('');
  }

  client(key: string = ADMIN_KEY): Client {
    return new Client(this.url, key);
  }

  async restart(how: 'stop' | 'kill'): Promise<this> {
    const commands = this.role('command-api');
    await commands.end(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
    await commands.start();
    return this;
  }

  async dispose(): Promise<void> {
    await this.#gateway?.close();
    await Promise.all(this.processes.map((role) => role.end('SIGTERM')));
    await this.#store?.stop();
    removeHome(this.home);
  }
}

/** Journeys that share a ledger share its key: whoever comes first makes it. */
function makeRootKey(file: string): void {
  const text = `touchstone-root-key-v1:${randomBytes(32).toString('base64')}\n`;
  const own = `${file}-${process.pid}`;
  writeFileSync(own, text, { mode: 0o600 });
  try {
    linkSync(own, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(own);
  }
}

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run this by npm run test:engines`);
  return value;
}
