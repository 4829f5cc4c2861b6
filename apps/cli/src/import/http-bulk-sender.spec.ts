import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { SendFailure } from './bulk-sender';
import { httpBulkSender } from './http-bulk-sender';
import type { ClosableBulkSender } from './http-bulk-sender';

interface Seen {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}
type Answer = (seen: Seen, response: ServerResponse) => void;

let server: Server;
let sender: ClosableBulkSender;
let answer: Answer = () => undefined;
let seen: Seen[] = [];
let url = '';

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { request, body: Buffer.concat(chunks) };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  sender = httpBulkSender({ url, key: 'secret' });
});
afterEach(async () => {
  sender.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const say = (status: number, type: string, body: string, headers: Record<string, string> = {}): Answer => {
  return (_, response) => response.writeHead(status, { 'content-type': type, ...headers }).end(body);
};
const counts = '{"accepted":1,"duplicates":0,"rejected":1}';

it('posts lines with the key and reads errors line by line', async () => {
  answer = say(200, 'application/x-ndjson', `{"line":2,"code":"bad","detail":"no"}\n${counts}\n`);
  expect(await sender.send(['{"a":1}', '{"a":2}'], { idempotencyKey: 'k-1' })).toEqual({
    accepted: 1,
    duplicates: 0,
    rejected: 1,
    errors: [{ line: 2, code: 'bad', detail: 'no' }],
  });
  const [{ request, body } = { request: undefined, body: Buffer.alloc(0) }] = seen;
  expect(request?.method).toBe('POST');
  expect(request?.url).toBe('/v1/bulk?errors=ndjson');
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer secret',
    'content-type': 'application/x-ndjson',
    'idempotency-key': 'k-1',
  });
  expect(body.toString()).toBe('{"a":1}\n{"a":2}\n');
});

it('takes an answer in one object, a stream of lines, and gzip', async () => {
  answer = say(200, 'application/json', '{"accepted":2,"duplicates":1,"rejected":0,"errors":[]}');
  async function* lines(): AsyncGenerator<string> {
    yield* await Promise.resolve(['{"a":1}', '{"a":2}']);
  }
  const zipped = httpBulkSender({ url: `${url}/`, key: 'k', gzip: true });
  expect(await zipped.send(lines(), { idempotencyKey: undefined })).toMatchObject({
    accepted: 2,
    duplicates: 1,
  });
  expect(await sender.send(lines(), { idempotencyKey: undefined })).toMatchObject({ accepted: 2 });
  zipped.close();
  expect(gunzipSync(seen[0]?.body ?? '').toString()).toBe('{"a":1}\n{"a":2}\n');
  expect(seen[1]?.body.toString()).toBe('{"a":1}\n{"a":2}\n');
  expect(seen[0]?.request.headers['idempotency-key']).toBeUndefined();
});

async function failure(): Promise<SendFailure> {
  try {
    await sender.send(['{}'], { idempotencyKey: undefined });
  } catch (error) {
    if (error instanceof SendFailure) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

it('says why a request failed, and whether to try again', async () => {
  answer = say(503, 'application/problem+json', '{"code":"starting","detail":"not yet"}', {
    'retry-after': '2',
  });
  expect(await failure()).toMatchObject({
    message: 'the server answered 503: starting, not yet',
    retryable: true,
    retryAfterMs: 2_000,
  });
  answer = say(403, 'application/problem+json', '{"code":"forbidden","title":"Forbidden"}');
  expect(await failure()).toMatchObject({
    message: 'the server answered 403: forbidden, Forbidden',
    retryable: false,
  });
  answer = say(200, 'application/x-ndjson', '{"line":2,"code":"bad","detail":"no"}\n');
  expect(await failure()).toMatchObject({ message: 'the answer is not complete', retryable: true });
  answer = (_, response) => response.destroy();
  expect(await failure()).toMatchObject({ retryable: true });
});

it('tries again where nobody listens', async () => {
  sender.close();
  sender = httpBulkSender({ url: 'http://127.0.0.1:1', key: 'k' });
  const failed = await failure();
  expect(failed.retryable).toBe(true);
  expect(failed.message).toContain('ECONNREFUSED');
});
