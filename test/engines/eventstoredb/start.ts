import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineServer } from '../engine-server';
import { EventStoreControl } from './control';

const START_DEADLINE_MS = 20_000;

export interface EventStoreOptions {
  /** A free one where it is not given; kept over restarts. */
  readonly port?: number | undefined;
  /** Kept when it stops; a temporary one, which is not, where none is given. */
  readonly directory?: string | undefined;
}

export interface EventStoreServer extends EngineServer {
  readonly control: EventStoreControl;
  /** SIGSTOP: it takes connections and says nothing, not even to a ping. */
  pause(): void;
  resume(): void;
}

/** Starts the double as a process of its own over a directory. */
export async function startEventStore(options: EventStoreOptions = {}): Promise<EventStoreServer> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'touchstone-eventstore-')));
  let running = await launch(options.port ?? (await freePort()), directory);
  const { address } = running;
  const port = Number(new URL(address).port);
  const control = new EventStoreControl(address);
  return {
    address,
    control,
    kill: () => running.kill(),
    restart: async () => {
      await running.kill();
      running = await launch(port, directory);
    },
    stop: async () => {
      control.close();
      await running.kill();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
    pause: () => running.signal('SIGSTOP'),
    resume: () => running.signal('SIGCONT'),
  };
}

/** Below the range from which the system takes ports for outgoing connections: those would keep a restart from its own. */
const PORTS = { from: 20_000, to: 30_000 };
const PORTS_TRIED = 50;

async function freePort(): Promise<number> {
  for (let tried = 0; tried < PORTS_TRIED; tried++) {
    const port = randomInt(PORTS.from, PORTS.to);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer().once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error('no free port');
}

interface Running {
  readonly address: string;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
}

async function launch(port: number, directory: string): Promise<Running> {
  const entry = join(__dirname, 'main.ts');
  const args = ['-r', join(__dirname, 'typescript.cjs'), entry, String(port), directory];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A run that is broken off must leave no server behind.
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    process.off('exit', endWithUs);
  };
  try {
    const address = await saidAddress(child);
    return { address, kill, signal: (signal) => void child.kill(signal) };
  } catch (error) {
    await kill();
    throw error;
  }
}

function saidAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`the event store double ${why}: ${output}`));
    };
    const timer = setTimeout(() => fail('did not start in time'), START_DEADLINE_MS);
    child.once('exit', () => fail('ended'));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const address = /^esdb:\S+$/m.exec(output)?.[0];
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(address);
      });
    }
  });
}
