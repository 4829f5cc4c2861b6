import type { IncomingMessage } from 'node:http';
import { SendFailure } from './bulk-sender';
import type { BulkAnswer, BulkLineError } from './bulk-sender';

/** Of an answer to one request: 5,000 errors of a few hundred bytes are far below. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const MAX_SHOWN_CHARACTERS = 300;

type JsonMap = Readonly<Record<string, unknown>>;

/** Either form: `{…, errors:[…]}`, or errors line by line with the counts in the last one. */
export async function readAnswer(response: IncomingMessage): Promise<BulkAnswer> {
  const text = await textOf(response);
  const isLines = /ndjson/.test(response.headers['content-type'] ?? '');
  const answer = isLines ? fromLines(text) : fromObject(parse(text));
  // A connection that broke in the middle looks like a short answer: the request is sent again.
  if (answer === undefined) throw new SendFailure('the answer is not complete', { retryable: true });
  return answer;
}

/** What a refusal says, in one line. */
export async function readProblem(response: IncomingMessage): Promise<string> {
  const text = await textOf(response);
  const problem = parse(text);
  const said = [problem?.['code'], problem?.['detail'] ?? problem?.['title']].filter(
    (part) => typeof part === 'string',
  );
  return said.length > 0 ? said.join(', ') : text.slice(0, MAX_SHOWN_CHARACTERS).replace(/\s+/g, ' ').trim();
}

function fromLines(text: string): BulkAnswer | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const counts = countsOf(parse(lines.pop() ?? ''));
  if (counts === undefined) return undefined;
  const errors = lines.map((line) => errorOf(parse(line)));
  const known = errors.filter((error) => error !== undefined);
  return known.length === errors.length ? { ...counts, errors: known } : undefined;
}

function fromObject(answer: JsonMap | undefined): BulkAnswer | undefined {
  const counts = countsOf(answer);
  const errors: unknown = answer?.['errors'];
  if (counts === undefined || !Array.isArray(errors)) return undefined;
  const known = errors.map((error: unknown) => (isMap(error) ? errorOf(error) : undefined));
  return { ...counts, errors: known.filter((error) => error !== undefined) };
}

function countsOf(answer: JsonMap | undefined): Omit<BulkAnswer, 'errors'> | undefined {
  const { accepted, duplicates, rejected } = answer ?? {};
  if (typeof accepted !== 'number' || typeof duplicates !== 'number' || typeof rejected !== 'number')
    return undefined;
  return { accepted, duplicates, rejected };
}

function errorOf(error: JsonMap | undefined): BulkLineError | undefined {
  const { line, code, detail } = error ?? {};
  if (typeof line !== 'number') return undefined;
  return {
    line,
    code: typeof code === 'string' ? code : '',
    detail: typeof detail === 'string' ? detail : '',
  };
}

function parse(text: string): JsonMap | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new SendFailure('the answer is too large', { retryable: false });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
