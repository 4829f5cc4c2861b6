import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

const HOST = '127.0.0.1';
/** Below the ports that systems give to outgoing connections: one of those must not take ours while we refuse. */
const PORTS = { from: 10_000, to: 20_000 };
const PORTS_TRIED = 50;
/** Bytes that may be under way in one direction while they are delayed. */
const MAX_DELAYED_BYTES = 4 * 1024 * 1024;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** A link to a server that a test breaks and mends. Whatever it does to bytes, it never loses or swaps some of a connection. */
export class TcpProxy {
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #latencyMs = 0;
  #hangs = false;

  private constructor(
    private readonly target: HostPort,
    readonly port: number,
  ) {}

  /** Listens at a free port and passes everything on. */
  static async open(target: HostPort): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, await lastingPort());
    await proxy.#listen();
    return proxy;
  }

  get host(): string {
    return HOST;
  }

  /** As `host:port`. */
  get address(): string {
    return `${HOST}:${this.port}`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** What is sent from now on arrives so much later, in both directions. */
  delay(latencyMs: number): void {
    this.#latencyMs = latencyMs;
  }

  /** Every connection ends with RST; new ones are taken. */
  reset(): void {
    for (const link of this.#links) link.reset();
  }

  /** Connections stay and are taken, and nothing passes; what was sent meanwhile arrives after `heal`. */
  hang(): void {
    this.#hangs = true;
    for (const link of this.#links) link.hold();
  }

  /** Every connection ends with RST, new ones are refused. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
    this.reset();
    await closed;
  }

  /** Everything passes again, at once. */
  async heal(): Promise<void> {
    this.#latencyMs = 0;
    this.#hangs = false;
    for (const link of this.#links) link.release();
    if (this.#server === undefined) await this.#listen();
  }

  async close(): Promise<void> {
    await this.cut();
  }

  async #listen(): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, (client) => this.#take(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, HOST, resolve);
    });
    this.#server = server;
  }

  #take(client: Socket): void {
    const link = new Link(client, this.target, () => this.#latencyMs);
    this.#links.add(link);
    client.once('close', () => this.#links.delete(link));
    if (!this.#hangs) link.release();
  }
}

/** A free port that no outgoing connection takes while nobody listens there. */
export async function lastingPort(): Promise<number> {
  for (let tried = 0; tried < PORTS_TRIED; tried++) {
    const port = randomInt(PORTS.from, PORTS.to);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer().once('error', () => resolve(false));
      probe.listen(port, HOST, () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error('no free port');
}

/** One connection and its other half. */
class Link {
  #server: Socket | undefined;
  #directions: readonly Direction[] = [];

  constructor(
    private readonly client: Socket,
    private readonly target: HostPort,
    private readonly latencyMs: () => number,
  ) {
    client.setNoDelay(true);
    client.on('error', () => undefined);
    client.once('close', () => this.reset());
  }

  /** Connects where that was held back; lets bytes pass. */
  release(): void {
    if (this.client.destroyed) return;
    if (this.#server === undefined) this.#connect();
    else for (const direction of this.#directions) direction.release();
  }

  hold(): void {
    for (const direction of this.#directions) direction.hold();
  }

  reset(): void {
    for (const direction of this.#directions) direction.drop();
    this.client.resetAndDestroy();
    this.#server?.resetAndDestroy();
  }

  #connect(): void {
    const server = connect({ ...this.target, noDelay: true });
    this.#server = server;
    server.on('error', () => undefined);
    server.once('close', () => this.reset());
    this.#directions = [
      new Direction(this.client, server, this.latencyMs),
      new Direction(server, this.client, this.latencyMs),
    ];
    for (const direction of this.#directions) direction.release();
  }
}

/** Bytes of one side on their way to the other, each chunk due at a time, none before the one ahead of it. */
class Direction {
  readonly #waiting: { readonly chunk: Buffer | undefined; readonly dueMs: number }[] = [];
  #bytes = 0;
  #held = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly latencyMs: () => number,
  ) {
    from.on('data', (chunk: Buffer) => this.#push(chunk));
    from.once('end', () => this.#push(undefined));
    to.on('drain', () => this.#flow());
    from.pause();
  }

  hold(): void {
    this.#held = true;
    this.from.pause();
  }

  release(): void {
    this.#held = false;
    this.#flow();
  }

  drop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
    this.#held = true;
  }

  /** `undefined` is the end. */
  #push(chunk: Buffer | undefined): void {
    this.#waiting.push({ chunk, dueMs: performance.now() + this.latencyMs() });
    this.#bytes += chunk?.length ?? 0;
    this.#flow();
  }

  #flow(): void {
    clearTimeout(this.#timer);
    if (this.#held || this.to.destroyed) return;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.to.writableNeedDrain) break;
      // Where the latency has ended, what is still delayed goes too: it must stay ahead of what comes now.
      const leftMs = this.latencyMs() === 0 ? 0 : next.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#flow(), leftMs);
        break;
      }
      this.#waiting.shift();
      this.#bytes -= next.chunk?.length ?? 0;
      if (next.chunk === undefined) this.to.end();
      else this.to.write(next.chunk);
    }
    if (this.#bytes > MAX_DELAYED_BYTES || this.to.writableNeedDrain) this.from.pause();
    else this.from.resume();
  }
}
