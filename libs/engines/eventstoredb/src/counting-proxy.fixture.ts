import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** Passes connections on to a server, and counts them. */
export class CountingProxy {
  readonly #sockets = new Set<Socket>();
  #made = 0;

  private constructor(private readonly server: Server) {}

  /** In front of an address of EventStoreDB's. */
  static async before(address: string): Promise<CountingProxy> {
    const port = Number(new URL(address).port);
    const server = createServer();
    const proxy = new CountingProxy(server);
    server.on('connection', (socket) => proxy.#pass(socket, port));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    const bound: AddressInfo | string | null = this.server.address();
    if (bound === null || typeof bound === 'string') throw new Error('not listening');
    return `esdb://127.0.0.1:${bound.port}?tls=false`;
  }

  get made(): number {
    return this.#made;
  }

  /** Connections that are there say nothing any more, in either direction; new ones do. */
  hang(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.drop();
    this.server.close();
  }

  #pass(socket: Socket, port: number): void {
    this.#made++;
    const server = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [socket, server],
      [server, socket],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
