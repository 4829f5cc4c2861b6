import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { Body, Controller, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BODY_TIMEOUT_MS } from './body';
import { createHttpApp } from './http';
import { createLogger } from './logger';
import { Policy } from './policy';

@Controller('v1/things')
class Things {
  @Post()
  @Policy('commands')
  create(@Body() body: unknown): unknown {
    return body;
  }
}

@Module({ controllers: [Things] })
class TestModule {}

const headers = { authorization: 'Bearer x', 'content-type': 'application/json' };
let app: NestFastifyApplication;
let port: number;

beforeAll(async () => {
  app = await createHttpApp(TestModule, {
    config: { logLevel: 'silent' },
    logger: createLogger('silent'),
    authenticator: {
      authenticate: (token) => (token === 'x' ? { keyId: 'key_x', roles: ['agent'] } : undefined),
    },
  });
  await app.listen(0, '127.0.0.1');
  port = Number(new URL(await app.getUrl()).port);
});
afterAll(() => app.close());

const post = (body: string, sent: Record<string, string> = headers) =>
  fetch(`http://127.0.0.1:${port}/v1/things`, { method: 'POST', headers: sent, body });

/** What the server says to bytes that are no request of any client library. */
async function say(text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => void chunks.push(chunk));
  socket.write(text);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

it('lets a client finish sending what is too large, so that it sees the answer', async () => {
  for (let i = 0; i < 5; i++) {
    const answer = await post(`"${'a'.repeat(3_000_000)}"`);
    expect([answer.status, await answer.json()]).toMatchObject([413, { code: 'too-large' }]);
  }
  expect((await post('{}')).status).toBe(201);
});

it('answers 401 to a large body without a key', async () => {
  for (let i = 0; i < 5; i++) {
    const answer = await post('a'.repeat(300_000), { 'content-type': 'application/json' });
    expect(answer.status).toBe(401);
    await answer.text();
  }
});

it.each([
  ['nonsense\r\n\r\n', 400, 'bad-request'],
  [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
])('answers %.20j with %i', async (text, status, code) => {
  const [head = '', body = ''] = (await say(text)).split('\r\n\r\n');
  expect(head).toContain(`HTTP/1.1 ${status} `);
  expect(head).toContain('content-type: application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ status, code });
});

it('gives up a body that dawdles', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'hrtime'] });
  try {
    const payload = new PassThrough();
    payload.write('{');
    const answer = app.inject({ method: 'POST', url: '/v1/things', headers, payload });
    const asked = answer.then((got) => [got.statusCode, got.json()]);
    while (jest.getTimerCount() === 0) await new Promise(setImmediate);
    jest.advanceTimersByTime(BODY_TIMEOUT_MS);
    expect(await asked).toMatchObject([408, { code: 'request-timeout' }]);
  } finally {
    jest.useRealTimers();
  }
});
