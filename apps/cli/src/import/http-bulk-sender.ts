import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { codeOf, messageOf } from '#libs/core';
import { SendFailure } from './bulk-sender';
import type { BulkAnswer, BulkSender } from './bulk-sender';
import { readAnswer, readProblem } from './bulk-answer';

/** Silence on the connection after which a request counts as lost. A slow disk has to write 5,000 lines in it. */
const IDLE_TIMEOUT_MS = 120_000;
const RETRYABLE_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Faults of a connection that a server on its way up or down makes. */
const RETRYABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

interface HttpBulkSenderOptions {
  /** Base address of the server, without `/v1`. */
  readonly url: string;
  readonly key: string;
  /** Packs request bodies: worth it over a network, not on loopback. */
  readonly gzip?: boolean;
}

export interface ClosableBulkSender extends BulkSender {
  close(): void;
}

/** `POST {url}/v1/bulk?errors=ndjson` over one connection that is kept open. */
export function httpBulkSender({ url, key, gzip = false }: HttpBulkSenderOptions): ClosableBulkSender {
  const target = new URL('v1/bulk?errors=ndjson', url.endsWith('/') ? url : `${url}/`);
  const transport = target.protocol === 'https:' ? https : http;
  const agent = new transport.Agent({ keepAlive: true, maxSockets: 1 });
  return {
    async send(lines, { idempotencyKey }) {
      const headers: http.OutgoingHttpHeaders = {
        authorization: `Bearer ${key}`,
        'content-type': 'application/x-ndjson',
        accept: 'application/x-ndjson, application/json, application/problem+json',
        ...(gzip && { 'content-encoding': 'gzip' }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      };
      const body = bodyOf(lines, gzip);
      const request = transport.request(target, { method: 'POST', agent, headers, timeout: IDLE_TIMEOUT_MS });
      try {
        return await exchange(request, body);
      } catch (error) {
        throw asSendFailure(error, target);
      } finally {
        // An answer that came before the whole body was read leaves nothing to reuse.
        if (!request.writableFinished) request.destroy();
      }
    },
    close: () => agent.destroy(),
  };
}

function bodyOf(lines: AsyncIterable<string> | readonly string[], gzip: boolean): Readable | Buffer {
  if (!gzip && isList(lines)) return Buffer.from(`${lines.join('\n')}\n`);
  const plain = Readable.from(withBreaks(lines));
  return gzip ? plain.pipe(createGzip()) : plain;
}

function isList(lines: AsyncIterable<string> | readonly string[]): lines is readonly string[] {
  return Array.isArray(lines);
}

async function* withBreaks(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

function exchange(request: http.ClientRequest, body: Readable | Buffer): Promise<BulkAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('timeout', () => {
      request.destroy(new SendFailure(`no answer for ${IDLE_TIMEOUT_MS / 1000} s`, { retryable: true }));
    });
    request.on('response', (response) => {
      answerOf(response).then(resolve, reject);
    });
    if (Buffer.isBuffer(body)) {
      request.end(body);
      return;
    }
    body.on('error', reject);
    body.pipe(request);
  });
}

async function answerOf(response: http.IncomingMessage): Promise<BulkAnswer> {
  const status = response.statusCode ?? 0;
  if (status === 200) return readAnswer(response);
  const problem = await readProblem(response);
  throw new SendFailure(`the server answered ${status}: ${problem}`, {
    retryable: RETRYABLE_STATUS.has(status),
    retryAfterMs: retryAfterMs(response.headers['retry-after']),
  });
}

function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d+$/.test(header)) return undefined;
  return Number(header) * 1000;
}

function asSendFailure(error: unknown, target: URL): SendFailure {
  if (error instanceof SendFailure) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  // Where a name has several addresses, Node's message is empty and only the code says why.
  const said = message.includes(code) ? message : `${code} ${message}`.trim();
  return new SendFailure(`${target.origin}: ${said}`, { retryable: RETRYABLE_CODES.has(code) });
}
