import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka } from 'kafkajs';
import type { EngineServer } from '../engine-server';
import { kafkaJars } from './jars';
import { LOGGING, serverProperties } from './properties';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const FORMAT_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const POLL_MS = 100;
const LOG_TAIL_CHARS = 2_000;
/** 16 bytes, base64url without padding: what Kafka takes for a cluster's id. */
const CLUSTER_ID_BYTES = 16;
const JVM = ['-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];

export interface KafkaOptions {
  /** A free one where it is not given. */
  readonly port?: number;
  /** Where the broker keeps its data; a new one, removed by `stop`, where it is not given. */
  readonly directory?: string;
}

/** A real Apache Kafka of one node (KRaft); needs a Java of 17 or later, and Maven for the first start on a machine. */
export async function startKafka(options: KafkaOptions = {}): Promise<EngineServer> {
  const jars = await kafkaJars();
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'touchstone-kafka-'));
  mkdirSync(directory, { recursive: true });
  const [free = 0, controllerPort = 0] = await freePorts(2);
  const port = options.port ?? free;
  const properties = join(directory, 'server.properties');
  const logging = join(directory, 'log4j2.properties');
  writeFileSync(properties, serverProperties({ directory, port, controllerPort }));
  writeFileSync(logging, LOGGING);
  const java = [...JVM, `-Dlog4j2.configurationFile=${logging}`, '-cp', join(jars, '*')];
  const format = ['format', '-t', clusterId(), '-c', properties, '--ignore-formatted'];
  const broker = new Broker(directory, `${HOST}:${port}`, [...java, 'kafka.Kafka', properties]);
  try {
    await promisify(execFile)(javaCommand(), [...java, 'kafka.tools.StorageTool', ...format], {
      timeout: FORMAT_TIMEOUT_MS,
    });
    await broker.restart();
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return broker;
}

/** One that begins with a hyphen would be taken for an option, so it begins with an A. */
function clusterId(): string {
  const bytes = randomBytes(CLUSTER_ID_BYTES);
  bytes[0] = 0;
  return bytes.toString('base64url');
}

class Broker implements EngineServer {
  #process: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #orphaned = (): void => void this.#process?.kill('SIGKILL');

  constructor(
    private readonly directory: string,
    readonly address: string,
    private readonly command: readonly string[],
  ) {}

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    const output = openSync(join(this.directory, 'broker.log'), 'a');
    const started = spawn(javaCommand(), this.command, { stdio: ['ignore', output, output] });
    closeSync(output);
    this.#process = started;
    // A test run that dies must not leave a broker behind.
    process.once('exit', this.#orphaned);
    let gone: string | undefined;
    this.#ended = new Promise((resolve) => {
      const end = (what: string): void => {
        gone = what;
        resolve();
      };
      started.once('error', ({ message }) => end(message));
      started.once('exit', (code, signal) => end(`ended with ${code ?? signal}`));
    });
    await this.#answers(() => gone);
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A broker that was asked to go ends with 143 (SIGTERM), which is clean; one that does not listen is killed. */
  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    process.removeListener('exit', this.#orphaned);
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  async #answers(gone: () => string | undefined): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const ended = gone();
      if (ended !== undefined) throw new Error(`The broker ${ended}: ${this.#logTail()}`);
      if (await listsTopics(this.address)) return;
      if (Date.now() > deadline) throw new Error(`The broker does not answer: ${this.#logTail()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #logTail(): string {
    return readFileSync(join(this.directory, 'broker.log'), 'utf8').slice(-LOG_TAIL_CHARS);
  }
}

async function listsTopics(address: string): Promise<boolean> {
  const kafka = new Kafka({
    brokers: [address],
    connectionTimeout: 1_000,
    requestTimeout: 5_000,
    retry: { retries: 0 },
    logCreator: () => () => undefined,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.listTopics();
    return true;
  } catch {
    return false;
  } finally {
    await admin.disconnect();
  }
}

function javaCommand(): string {
  const home = process.env['JAVA_HOME'];
  return home === undefined ? 'java' : join(home, 'bin', 'java');
}

/** All of them are held at once, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
