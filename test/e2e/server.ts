import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from './client';
import { eventually } from './wait';

export const ROOT = resolve(__dirname, '../..');
export const ADMIN_KEY = 'an-admin-key-of-forty-characters-exactly';
const MAIN = 'dist/apps/standalone/src/main.js';
const START_DEADLINE_MS = 20_000;

export interface ServerOptions {
  /** Parent of `data` and `data.key`; a new temporary directory where it is not given. */
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs Node, as `['strace', …]`. */
  readonly before?: readonly string[];
  /** Where the build stands; this tree's where it is not given. */
  readonly root?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export function newHome(): string {
  return mkdtempSync(join(tmpdir(), 'touchstone-e2e-'));
}

export function removeHome(home: string): void {
  rmSync(home, { recursive: true, force: true });
}

function wrapped(before: readonly string[], command: [string, ...string[]]): [string, ...string[]] {
  const [first, ...rest] = before;
  return first === undefined ? command : [first, ...rest, ...command];
}

/** The built standalone server as a process of its own, on a port of its own. */
export class Server {
  readonly directory: string;
  readonly ended: Promise<Ended>;
  url = '';
  token = '';
  pid = 0;
  #output = '';

  private constructor(
    readonly home: string,
    readonly child: ChildProcess,
  ) {
    this.directory = join(home, 'data');
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.ended = new Promise((done) => child.once('close', (code, signal) => done({ code, signal })));
  }

  /** Starts without waiting: for starts that are to be refused. */
  static spawn({ home = newHome(), env = {}, before = [], root = ROOT }: ServerOptions = {}): Server {
    const [command, ...args]: [string, ...string[]] = wrapped(before, [
      process.execPath,
      '--enable-source-maps',
      join(root, MAIN),
    ]);
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOUCHSTONE_'));
    const own = { TOUCHSTONE_DATA: join(home, 'data'), PORT: '0', TOUCHSTONE_ADMIN_KEY: ADMIN_KEY };
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    return new Server(
      home,
      spawn(command, args, { env: { ...Object.fromEntries(inherited), ...own, ...env }, stdio }),
    );
  }

  /** Starts and waits until the server has said where it listens. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const home = options.home ?? newHome();
    const file = join(home, 'data', 'server.json');
    rmSync(file, { force: true });
    const server = Server.spawn({ ...options, home });
    let ended: Ended | undefined;
    void server.ended.then((how) => (ended = how));
    await eventually(
      'the server listens',
      () => {
        if (ended !== undefined) throw new Error(`${JSON.stringify(ended)}: ${server.output}`);
        return server.output.includes('listens at') && existsSync(file) ? true : undefined;
      },
      START_DEADLINE_MS,
    );
    const told: { url: string; token: string; pid: number } = JSON.parse(readFileSync(file, 'utf8'));
    Object.assign(server, told);
    return server;
  }

  /** Everything that the process has written. */
  get output(): string {
    return this.#output;
  }

  client(key: string = ADMIN_KEY): Client {
    return new Client(this.url, key);
  }

  /** SIGTERM; resolves when the process has ended. */
  stop(): Promise<Ended> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  /** kill -9. */
  kill(): Promise<Ended> {
    if (this.pid > 0 && this.child.exitCode === null && this.child.signalCode === null) {
      process.kill(this.pid, 'SIGKILL');
    }
    this.child.kill('SIGKILL');
    return this.ended;
  }

  async restart(how: 'stop' | 'kill'): Promise<Server> {
    await this[how]();
    return Server.start({ home: this.home });
  }

  /** Stops and removes everything. */
  async dispose(): Promise<void> {
    await this.kill();
    removeHome(this.home);
  }
}
