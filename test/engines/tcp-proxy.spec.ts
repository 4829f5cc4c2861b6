import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { eventually } from '../e2e/wait';
import { TcpProxy } from './tcp-proxy';

const LATENCY_MS = 60;
const BIG_BYTES = 20_000_000;

let server: Server;
let proxy: TcpProxy;
let arrived = '';
const accepted: Socket[] = [];
const opened: Caller[] = [];

/** A client that remembers what it heard and how it ended. */
class Caller {
  heard = '';
  bytes = 0;
  ended: string | undefined;
  readonly socket: Socket;

  constructor() {
    this.socket = connect(proxy.port, proxy.host);
    this.socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (this.bytes < 1000) this.heard += chunk.toString();
    });
    this.socket.on('error', (error) => (this.ended = 'code' in error ? String(error.code) : error.message));
    this.socket.on('close', () => (this.ended ??= 'closed'));
    opened.push(this);
  }

  /** What was heard once that much was. */
  hears(length: number): Promise<string> {
    return eventually(`hears ${length}`, () => (this.heard.length >= length ? this.heard : undefined));
  }

  ends(): Promise<string> {
    return eventually('ends', () => this.ended);
  }
}

/** Echoes; the word "big" is answered with many bytes. */
beforeEach(async () => {
  arrived = '';
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      arrived += chunk.toString();
      socket.write(chunk.toString() === 'big' ? Buffer.alloc(BIG_BYTES) : chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await TcpProxy.open({ host: '127.0.0.1', port: address.port });
});

afterEach(async () => {
  for (const { socket } of opened.splice(0)) socket.destroy();
  for (const socket of accepted.splice(0)) socket.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

const HELLO = 'hello';

async function connected(): Promise<Caller> {
  const caller = new Caller();
  caller.socket.write(HELLO);
  await caller.hears(HELLO.length);
  return caller;
}

it('passes bytes both ways, many of them too', async () => {
  const caller = await connected();
  expect(caller.heard).toBe(HELLO);
  caller.socket.write('big');
  const all = BIG_BYTES + HELLO.length;
  expect(await eventually('all has come', () => (caller.bytes >= all ? caller.bytes : undefined))).toBe(all);
});

it('passes the end of one side on', async () => {
  const caller = await connected();
  caller.socket.end();
  expect(await caller.ends()).toBe('closed');
  await eventually('nothing is left', () => (proxy.connections === 0 ? true : undefined));
});

it('delays, and keeps the order when the delay ends', async () => {
  const caller = await connected();
  caller.heard = '';
  proxy.delay(LATENCY_MS);
  const begun = performance.now();
  caller.socket.write('a');
  await caller.hears(1);
  // There and back; timers may be a little early.
  expect(performance.now() - begun).toBeGreaterThan(2 * LATENCY_MS - 5);
  caller.socket.write('b');
  await proxy.heal();
  caller.socket.write('c');
  expect(await caller.hears(3)).toBe('abc');
});

it('resets all connections and takes new ones', async () => {
  const caller = await connected();
  proxy.reset();
  expect(await caller.ends()).toBe('ECONNRESET');
  expect((await connected()).heard).toBe(HELLO);
});

it('hangs: connections stay, new ones are taken, nothing passes until it is healed', async () => {
  const old = await connected();
  proxy.hang();
  const before = arrived;
  old.socket.write(' again');
  const fresh = new Caller();
  await eventually('it is taken', () => (fresh.socket.readyState === 'open' ? true : undefined));
  fresh.socket.write('fresh');
  await eventually('both are held', () => (proxy.connections === 2 ? true : undefined));
  expect([old.ended, fresh.ended, arrived]).toEqual([undefined, undefined, before]);
  await proxy.heal();
  const heard = await Promise.all([old.hears('hello again'.length), fresh.hears('fresh'.length)]);
  expect(heard).toEqual(['hello again', 'fresh']);
});

it('cuts: connections are reset, new ones refused, until it is healed', async () => {
  const old = await connected();
  await proxy.cut();
  expect(await old.ends()).toBe('ECONNRESET');
  expect(await new Caller().ends()).toBe('ECONNREFUSED');
  await proxy.heal();
  expect((await connected()).heard).toBe(HELLO);
});

it('resets who calls while the server is away', async () => {
  await new Promise((resolve) => server.close(resolve));
  expect(await new Caller().ends()).toBe('ECONNRESET');
  server.listen(0);
});
