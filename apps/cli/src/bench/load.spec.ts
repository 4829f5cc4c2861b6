import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { HttpLine, jsonOf, requestBytes } from './http-line';
import { closedLoop, openLoop } from './load';

const key = 'k'.repeat(40);

describe('the load generator', () => {
  let server: Server;
  let port: number;
  let asked = 0;
  let status = 201;

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked++;
      const { authorization } = request.headers;
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const text = JSON.stringify({
          authorization,
          body: Buffer.concat(parts).toString(),
          long: 'ü'.repeat(100_000),
        });
        response.writeHead(status, { 'content-length': Buffer.byteLength(text) });
        // In pieces, as a network does it: also within the head's last line and within a character.
        response.write(text.slice(0, 50));
        setImmediate(() => response.end(text.slice(50)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  beforeEach(() => {
    asked = 0;
    status = 201;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('sends what it was given and reads an answer that comes in pieces', async () => {
    const line = await HttpLine.open(port, () => undefined);
    const answer = await line.ask(requestBytes('POST', '/x', { key, body: '{"ä":1}' }));
    expect(answer.status).toBe(201);
    expect(jsonOf(answer)).toMatchObject({
      authorization: `Bearer ${key}`,
      body: '{"ä":1}',
      long: 'ü'.repeat(100_000),
    });
    line.close();
  });

  it('counts every answer, none twice', async () => {
    const request = requestBytes('GET', '/x', { key });
    const { count, durations } = await closedLoop({
      port,
      connections: 3,
      durationMs: 100,
      next: () => request,
    });
    expect(count).toBe(asked);
    expect(durations.summary().samples).toBe(count);
  });

  it('keeps a rate', async () => {
    const request = requestBytes('GET', '/x', { key });
    const load = { port, connections: 8, durationMs: 300, ratePerSecond: 200, next: () => request };
    expect((await openLoop(load)).count).toBe(60);
    expect(asked).toBe(60);
  });

  it('fails where a request is refused: a figure of refusals would be none', async () => {
    status = 429;
    const request = requestBytes('GET', '/x', { key });
    await expect(closedLoop({ port, connections: 2, durationMs: 100, next: () => request })).rejects.toThrow(
      '429',
    );
  });

  it('fails where the server closes a connection in the middle', async () => {
    const broken = createServer((_request, response) => response.destroy());
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const address = broken.address();
    const at = typeof address === 'object' && address !== null ? address.port : 0;
    const request = requestBytes('GET', '/x', { key });
    await expect(
      closedLoop({ port: at, connections: 1, durationMs: 100, next: () => request }),
    ).rejects.toThrow(/closed|reset/i);
    await new Promise((resolve) => broken.close(resolve));
  });
});
