import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '#libs/core';
import { onSignals, SIGNAL_EXIT_CODES, spawnServer } from './server-process';
import { CliError } from './verb';
import type { Connection } from './verb';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;
const POLL_MS = 50;
const PROBE_TIMEOUT_MS = 2_000;
/** A server that is starting has the lock a good while before it answers. */
const APPEAR_DEADLINE_MS = 5_000;
/** How a server says that another one has the directory. */
const LOCKED = 'is in use by another Touchstone process';

interface Live {
  readonly url: string;
  readonly key: string;
}

export interface ConnectOptions {
  readonly dataDirectory: string;
  /** Another server, named by `--url` and `--key`. */
  readonly url?: string;
  readonly key?: string;
  readonly existing?: boolean;
}

/**
 * The server of a data directory: the live one, whose address and token stand in `server.json`, or a private one that is
 * started for this call and stopped after it. Either way there is one path to the data, and one process that holds it.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { dataDirectory, url, key } = options;
  if (url !== undefined) {
    if (key === undefined) throw new CliError('--url needs a --key');
    return { url: url.replace(/\/+$/, ''), key, close: () => Promise.resolve() };
  }
  const live = await liveServer(dataDirectory);
  if (live !== undefined) return { ...live, close: () => Promise.resolve() };
  if (options.existing === true && !existsSync(join(dataDirectory, 'log.db'))) {
    throw new CliError(`there is no ledger in ${dataDirectory}`);
  }
  return startPrivate(dataDirectory);
}

/** What `server.json` says, if a server really answers there. */
export async function liveServer(dataDirectory: string): Promise<Live | undefined> {
  const file = join(dataDirectory, 'server.json');
  if (!existsSync(file)) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
  if (!isJsonObject(said)) return undefined;
  const { url, token } = said;
  if (typeof url !== 'string' || typeof token !== 'string') return undefined;
  try {
    const answer = await fetch(`${url}/v1/projections`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    await answer.arrayBuffer();
    return answer.ok ? { url, key: token } : undefined;
  } catch {
    return undefined;
  }
}

/** A private server must not be reached from elsewhere, whatever address the directory's own server listens at. */
const PRIVATE_ENV = { PORT: '0', TOUCHSTONE_HOST: '127.0.0.1', TOUCHSTONE_LOG_LEVEL: 'error' };

async function startPrivate(dataDirectory: string): Promise<Connection> {
  const server = spawnServer({
    args: ['--private'],
    env: { ...PRIVATE_ENV, TOUCHSTONE_DATA: dataDirectory },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '', ended: false };
  server.stdout?.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  server.stderr?.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  const exited = new Promise<void>((resolve) => {
    server.once('close', () => {
      said.ended = true;
      resolve();
    });
  });
  const stop = stopper(server, exited);
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!said.ended && Date.now() < deadline) {
    const live = said.out.includes('listens at') ? await liveServer(dataDirectory) : undefined;
    if (live !== undefined) return { ...live, close: stop };
    await pause(POLL_MS);
  }
  await stop();
  const [line = ''] = said.err.trim().split('\n');
  if (line.includes(LOCKED)) {
    const other = await appearing(dataDirectory);
    if (other !== undefined) return { ...other, close: () => Promise.resolve() };
  }
  throw new CliError(line === '' ? 'the server did not start' : line.replace(/^touchstone: /, ''));
}

/** Another server that has the directory's lock already, but has not told its address yet. */
async function appearing(dataDirectory: string): Promise<Live | undefined> {
  const deadline = Date.now() + APPEAR_DEADLINE_MS;
  for (;;) {
    const live = await liveServer(dataDirectory);
    if (live !== undefined || Date.now() > deadline) return live;
    await pause(POLL_MS);
  }
}

/** How a private server is stopped: at the verb's end, or when this process is told to end, which it then does. */
function stopper(server: ChildProcess, exited: Promise<void>): () => Promise<void> {
  const kill = (): void => void server.kill('SIGTERM');
  process.once('exit', kill);
  let ending = false;
  const deafen = onSignals((_tell, signal) => {
    // A second one is from somebody who doesn't want to wait: the server takes it as "at once" too.
    kill();
    if (ending) return;
    ending = true;
    void exited.then(() => process.exit(SIGNAL_EXIT_CODES[signal]));
  });
  return async () => {
    if (ending) await new Promise(() => undefined); // The verb's failing requests are not worth a word any more.
    process.removeListener('exit', kill);
    kill();
    const timer = setTimeout(() => server.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(timer);
    deafen();
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
