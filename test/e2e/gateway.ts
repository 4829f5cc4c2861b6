import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Sides {
  readonly commands: string;
  readonly queries: string;
}

/** POSTs that ask: all others change something, but for those that concern projections. */
const ASKING = ['/v1/customers/lookup', '/v1/projections/', '/v1/verifications'];

/** One address for both sides of a ledger, as a load balancer would give it. */
export class Gateway {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(sides: () => Sides): Promise<Gateway> {
    const server = createServer((incoming, answer) => pass(incoming, answer, sides()));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address: AddressInfo | string | null = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new Gateway(server, `http://127.0.0.1:${address.port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

function pass(incoming: IncomingMessage, answer: ServerResponse, sides: Sides): void {
  const { method = 'GET', url = '/', headers } = incoming;
  const outgoing = request(sideOf(method, url, sides) + url, { method, headers, agent: false });
  outgoing.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
    response.pipe(answer);
    response.on('error', () => answer.destroy());
  });
  outgoing.on('error', () => answer.destroy());
  answer.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function sideOf(method: string, url: string, { commands, queries }: Sides): string {
  if (url.startsWith('/v1/keys')) return commands;
  if (method === 'GET' || method === 'HEAD') return queries;
  return ASKING.some((path) => url.startsWith(path)) ? queries : commands;
}
