import { request } from 'node:http';
import { isJsonObject } from '#libs/core';
import { CliError } from '../verb';
import { LineMaker } from './generate';
import type { LineOptions } from './generate';

/** Lines that are made and written at once: about 64 KiB. */
const BLOCK_LINES = 108;
/** Nothing that a benchmark sends takes longer to be answered once it has all been sent. */
const IDLE_TIMEOUT_MS = 300_000;

interface Target {
  readonly url: string;
  readonly key: string;
}

export interface BulkOptions extends LineOptions {
  readonly target: Target;
  readonly count: number;
  readonly onSent?: (lines: number) => void;
}

/** One streaming `POST /v1/bulk`; resolves to its duration when every line is durable. Throws where one was refused. */
export async function streamBulk(options: BulkOptions): Promise<{ readonly elapsedMs: number }> {
  const maker = new LineMaker(options);
  let sent = 0;
  return postBulk(options.target, options.count, () => {
    const lines = Math.min(BLOCK_LINES, options.count - sent);
    if (lines === 0) return undefined;
    sent += lines;
    options.onSent?.(sent);
    return maker.lines(lines);
  });
}

/** Lines that were made before, each with its end, as one streaming `POST /v1/bulk`. */
export function postLines(target: Target, lines: readonly string[]): Promise<{ readonly elapsedMs: number }> {
  let sent = 0;
  return postBulk(target, lines.length, () => {
    if (sent >= lines.length) return undefined;
    const from = sent;
    sent += BLOCK_LINES;
    return lines.slice(from, sent).join('');
  });
}

/** Sends text from `next` until it gives none, as fast as the server takes it; expects `count` accepted lines. */
export function postBulk(
  { url, key }: Target,
  count: number,
  next: () => string | undefined,
): Promise<{ readonly elapsedMs: number }> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const post = request(new URL('/v1/bulk', url), {
      method: 'POST',
      agent: false,
      timeout: IDLE_TIMEOUT_MS,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' },
    });
    const write = (): void => {
      for (let text = next(); ; text = next()) {
        if (text === undefined) {
          post.end();
          return;
        }
        if (!post.write(text)) {
          post.once('drain', write);
          return;
        }
      }
    };
    post.on('error', reject);
    post.on('timeout', () => post.destroy(new CliError('a bulk request was not answered in time')));
    post.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => {
        const fault = faultOf(response.statusCode, text, count);
        if (fault === undefined) resolve({ elapsedMs: performance.now() - startedMs });
        else reject(new CliError(fault));
      });
    });
    write();
  });
}

/** A figure of commands that were refused would be none. */
function faultOf(status: number | undefined, text: string, count: number): string | undefined {
  const said = `bulk was answered ${status}: ${text.slice(0, 500)}`;
  if (status !== 200) return said;
  const answer: unknown = JSON.parse(text);
  return isJsonObject(answer) && answer['accepted'] === count ? undefined : said;
}
