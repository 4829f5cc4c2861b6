import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import * as os from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import type { Document } from 'mongodb';

const HOST = '127.0.0.1';
const COMMAND_DEADLINE_MS = 1_000;
const POLL_MS = 20;
const LOG_TAIL_CHARACTERS = 2_000;
/** Small files and no diagnostics: 3 MB on disk instead of 300. Test commands allow fail-points. */
const OPTIONS = [
  ['--bind_ip', HOST, '--nounixsocket', '--oplogSize', '64', '--wiredTigerCacheSizeGB', '0.25'],
  ['--wiredTigerEngineConfigString', 'log=(file_max=2MB,prealloc=false)', '--logappend'],
  ['--setParameter', 'enableTestCommands=1', '--setParameter', 'ttlMonitorSleepSecs=1'],
  ['--setParameter', 'diagnosticDataCollectionEnabled=false'],
].flat();

/** One mongod process, and the same again over its directory. */
export class MongodNode {
  readonly host: string;
  readonly #log: string;
  #process: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();

  constructor(
    private readonly binary: string,
    private readonly directory: string,
    private readonly port: number,
    private readonly replicaSet: string | undefined,
  ) {
    this.host = `${HOST}:${port}`;
    this.#log = join(directory, 'mongod.log');
  }

  get runs(): boolean {
    return this.#process !== undefined;
  }

  start(): void {
    if (this.#process !== undefined) return;
    const data = join(this.directory, 'data');
    mkdirSync(data, { recursive: true });
    const own = ['--dbpath', data, '--port', String(this.port), '--logpath', this.#log];
    const set = this.replicaSet === undefined ? [] : ['--replSet', this.replicaSet];
    const child = spawn(this.binary, [...own, ...set, ...OPTIONS], { stdio: 'ignore' });
    const killWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', killWithUs);
    this.#process = child;
    this.#gone = new Promise((resolve) => {
      const ended = (): void => {
        process.off('exit', killWithUs);
        this.#process = undefined;
        resolve();
      };
      child.once('exit', ended);
      child.once('error', ended);
    });
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#gone;
  }

  /** A command to this very server, whatever its part in the set is. */
  async command(command: Document): Promise<Document> {
    const client = new MongoClient(`mongodb://${this.host}/?directConnection=true`, {
      serverSelectionTimeoutMS: COMMAND_DEADLINE_MS,
      connectTimeoutMS: COMMAND_DEADLINE_MS,
      socketTimeoutMS: 5 * COMMAND_DEADLINE_MS,
      runtimeAdapters: { os }, // The driver would import it, which jest's sandbox does not allow.
    });
    try {
      await client.connect();
      return await client.db('admin').command(command);
    } finally {
      await client.close();
    }
  }

  async isPrimary(): Promise<boolean> {
    const hello = await this.command({ hello: 1 }).catch(() => undefined);
    return hello?.['isWritablePrimary'] === true;
  }

  async answers(deadlineMs: number): Promise<void> {
    await until(`mongod at ${this.host} answers`, deadlineMs, async () => {
      if (this.#process === undefined) throw new Error(`mongod has ended: ${this.#logTail()}`);
      return (await this.command({ ping: 1 }).catch(() => undefined)) !== undefined;
    });
  }

  #logTail(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').slice(-LOG_TAIL_CHARACTERS) : 'no log';
  }
}

export async function until(what: string, deadlineMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A port that nobody listens at now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
