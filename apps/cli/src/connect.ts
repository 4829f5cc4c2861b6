import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '#libs/core';
import { CliError } from './verb';
import type { Connection } from './verb';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;
const POLL_MS = 50;
const PROBE_TIMEOUT_MS = 2_000;

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
export async function liveServer(dataDirectory: string): Promise<{ url: string; key: string } | undefined> {
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

/** The standalone role's entry, as built. */
export function serverEntry(): string {
  return join(__dirname, '../../standalone/src/main.js');
}

async function startPrivate(dataDirectory: string): Promise<Connection> {
  const env = { ...process.env, PORT: '0', TOUCHSTONE_DATA: dataDirectory, TOUCHSTONE_LOG_LEVEL: 'error' };
  const child = spawn(process.execPath, [serverEntry(), '--private'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let out = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = (): void => void child.kill('SIGTERM');
  process.once('exit', kill);
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const live = out.includes('listens at') ? await liveServer(dataDirectory) : undefined;
    if (live !== undefined) {
      return { ...live, close: () => stop(child, exited, kill) };
    }
    await pause(POLL_MS);
  }
  kill();
  const [line = 'the server did not start'] = said.trim().split('\n');
  throw new CliError(line.replace(/^touchstone: /, ''));
}

async function stop(child: ChildProcess, exited: Promise<void>, kill: () => void): Promise<void> {
  process.removeListener('exit', kill);
  kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(timer);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
