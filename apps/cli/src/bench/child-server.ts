import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { NODE_FLAGS, serverEntry } from '../server-process';
import { CliError } from '../verb';
import type { CleanUp } from './clean-up';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 60_000;
const POLL_MS = 5;
const BYTES_A_KIB = 1024;

export interface ChildOptions {
  /** Script and its arguments. */
  readonly command: readonly string[];
  /** Beside ours, less every TOUCHSTONE_ name. */
  readonly env: Readonly<Record<string, string>>;
  /** Answers 200 when the server is ready. */
  readonly readyPath: string;
  readonly cleanUp: CleanUp;
  /** Told the end of what it wrote when it ends without having been asked to. */
  readonly onDeath?: (lastWords: string) => void;
}

export interface ServerOptions extends Pick<ChildOptions, 'onDeath'> {
  readonly directory: string;
  readonly key: string;
  readonly cleanUp: CleanUp;
  /** Flags of Node, such as those of the profiler. */
  readonly nodeFlags?: readonly string[];
  readonly port?: number;
}

/** A standalone ledger in a process of its own. */
export async function startServer(options: ServerOptions): Promise<ChildServer> {
  const { directory, key, cleanUp, nodeFlags = [], onDeath } = options;
  return ChildServer.start(
    {
      command: [...NODE_FLAGS, ...nodeFlags, serverEntry()],
      env: { TOUCHSTONE_DATA: directory, TOUCHSTONE_ADMIN_KEY: key, TOUCHSTONE_LOG_LEVEL: 'warn' },
      readyPath: '/health/ready',
      cleanUp,
      ...(onDeath === undefined ? {} : { onDeath }),
    },
    options.port,
  );
}

/** A server on a free port, killed at the latest when this process ends. */
export class ChildServer {
  #said = '';
  /** Whether its end was asked for. */
  #dismissed = false;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** From spawn to the first answer that it is ready. */
    private startedInMs: number,
    private readonly exited: Promise<void>,
  ) {
    child.stderr?.on('data', (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-4_000)));
    child.stdout?.resume();
  }

  static async start(options: ChildOptions, port?: number): Promise<ChildServer> {
    const { command, env, readyPath, cleanUp, onDeath } = options;
    const chosen = port ?? (await freePort());
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOUCHSTONE_'));
    const startedMs = performance.now();
    const child = spawn(process.execPath, [...command], {
      env: { ...Object.fromEntries(inherited), ...env, PORT: String(chosen) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const forget = cleanUp.add(() => child.kill('SIGKILL'));
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => {
        forget();
        resolve();
      });
    });
    const server = new ChildServer(child, chosen, 0, exited);
    await server.#ready(readyPath);
    server.startedInMs = performance.now() - startedMs;
    void exited.then(() => {
      if (!server.#dismissed) onDeath?.(`${child.exitCode ?? child.signalCode}: ${server.#said.trim()}`);
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get readyInMs(): number {
    return this.startedInMs;
  }

  /** Gracefully, and only then the profiler of a profiled server writes what it has seen. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.#dismissed = true;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.exited;
    clearTimeout(timer);
  }

  async kill(): Promise<void> {
    this.#dismissed = true;
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Resident memory in bytes; `undefined` where /proc does not tell. */
  memory(of: 'VmRSS' | 'VmHWM' = 'VmRSS'): number | undefined {
    try {
      const kib = new RegExp(`^${of}:\\s*(\\d+) kB`, 'm').exec(
        readFileSync(`/proc/${this.child.pid}/status`, 'utf8'),
      )?.[1];
      return kib === undefined ? undefined : Number(kib) * BYTES_A_KIB;
    } catch {
      return undefined;
    }
  }

  async #ready(path: string): Promise<void> {
    const deadline = performance.now() + START_DEADLINE_MS;
    while (performance.now() < deadline) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) break;
      if (await answersOk(this.url + path)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    this.child.kill('SIGKILL');
    throw new CliError(`a server did not start: ${this.#said.trim() || 'it said nothing'}`);
  }
}

/** Any answer will do for a server that has no health page: it listens. */
function answersOk(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 || response.statusCode === 404);
    });
    request.on('error', () => resolve(false));
  });
}

/** `wanted`, or any. */
export function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was given'));
        else resolve(address.port);
      });
    });
  });
}
