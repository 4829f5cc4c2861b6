import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka } from 'kafkajs';
import type { KafkaConnection } from '#libs/engines/kafka';
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
  /** Clients come by TLS and with this account. */
  readonly account?: { readonly username: string; readonly password: string };
}

/** A broker, and how it is reached. */
export interface KafkaServer extends EngineServer {
  readonly connection: KafkaConnection;
}

/** A real Apache Kafka of one node (KRaft); needs a Java of 17 or later, and Maven for the first start on a machine. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const jars = await kafkaJars();
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'touchstone-kafka-'));
  mkdirSync(directory, { recursive: true });
  const [free = 0, controllerPort = 0] = await freePorts(2);
  const port = options.port ?? free;
  const properties = join(directory, 'server.properties');
  const logging = join(directory, 'log4j2.properties');
  const { account } = options;
  const secure = account && { ...(await makeKeyStore(directory)), ...account };
  writeFileSync(properties, serverProperties({ directory, port, controllerPort, ...(secure && { secure }) }));
  writeFileSync(logging, LOGGING);
  const java = [...JVM, `-Dlog4j2.configurationFile=${logging}`, '-cp', join(jars, '*')];
  const format = ['format', '-t', clusterId(), '-c', properties, '--ignore-formatted', ...scramOf(account)];
  const sasl = account && { mechanism: 'plain' as const, ...account };
  const connection = {
    brokers: [`${HOST}:${port}`],
    ...(secure && { tls: { ca: secure.certificate } }),
    ...(sasl && { sasl }),
  };
  const broker = new Broker(directory, connection, [...java, 'kafka.Kafka', properties]);
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

/** A self-signed certificate of this address, with its key: made anew each time, so that none is kept anywhere. */
async function makeKeyStore(
  directory: string,
): Promise<{ readonly keyStore: string; readonly keyStorePassword: string; readonly certificate: string }> {
  const keyStore = join(directory, 'broker.p12');
  const keyStorePassword = randomBytes(CLUSTER_ID_BYTES).toString('hex');
  const keytool = async (...args: readonly string[]): Promise<string> => {
    const store = ['-keystore', keyStore, '-storetype', 'PKCS12', '-storepass', keyStorePassword];
    const main = ['-m', 'java.base/sun.security.tools.keytool.Main'];
    const { stdout } = await promisify(execFile)(javaCommand(), [
      ...main,
      ...args,
      '-alias',
      'broker',
      ...store,
    ]);
    return stdout;
  };
  const name = ['-dname', 'CN=touchstone-test', '-ext', `SAN=ip:${HOST}`];
  await keytool('-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '2', ...name);
  return { keyStore, keyStorePassword, certificate: await keytool('-exportcert', '-rfc') };
}

/** The account for SCRAM is kept in the cluster's own metadata, from its first record on. */
function scramOf(account: KafkaOptions['account']): readonly string[] {
  if (account === undefined) return [];
  const { username, password } = account;
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ]);
}

class Broker implements KafkaServer {
  #process: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #orphaned = (): void => void this.#process?.kill('SIGKILL');

  constructor(
    private readonly directory: string,
    readonly connection: KafkaConnection,
    private readonly command: readonly string[],
  ) {}

  get address(): string {
    return this.connection.brokers.join(',');
  }

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
      if (await listsTopics(this.connection)) return;
      if (Date.now() > deadline) throw new Error(`The broker does not answer: ${this.#logTail()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #logTail(): string {
    return readFileSync(join(this.directory, 'broker.log'), 'utf8').slice(-LOG_TAIL_CHARS);
  }
}

async function listsTopics({ brokers, tls, sasl }: KafkaConnection): Promise<boolean> {
  const kafka = new Kafka({
    brokers: [...brokers],
    ...(tls !== undefined && { ssl: tls === true || { ca: [tls.ca] } }),
    ...(sasl !== undefined && { sasl: { ...sasl, mechanism: 'plain' as const } }),
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
