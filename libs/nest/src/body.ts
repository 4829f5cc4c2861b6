import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isJsonObject, pointerTo } from '#libs/core';
import { ProblemError } from './problems';

/** Body of a command; a bulk line may be as long. */
export const MAX_BODY_BYTES = 384 * 1024;
/** Attributes may nest 16 deep and lie two levels down in a correction. */
const MAX_BODY_NESTING = 18;
/** A body that dawdles longer than this is given up. Bulk bodies are not timed: they stream. */
export const BODY_TIMEOUT_MS = 30_000;
/**
 * What is too large is still read up to here before it is answered: a client that is busy sending would see a broken
 * connection instead of the 413.
 */
const MAX_DRAINED_BYTES = 16 * 1024 * 1024;

const NDJSON = 'application/x-ndjson';

/** Fields that a refusal names. */
const MAX_FAULTS = 20;

const NO_CODING = 'identity';
/** RFC 9110 §8.4.1.3: another name of the same coding. */
const CODING_ALIASES: ReadonlyMap<string, string> = new Map([['x-gzip', 'gzip']]);

type Done = (error: Error | null, body?: unknown) => void;

/** Fastify's own parsers go: text/plain is none of ours, and its JSON parser takes what is not UTF-8. */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', jsonBody);
  fastify.addContentTypeParser(NDJSON, (request: FastifyRequest, payload: IncomingMessage, done: Done) => {
    if (request.routeOptions.config.ndjson === true) done(null, payload);
    else done(new ProblemError('unsupported-media-type', 'Send application/json.'));
  });
}

/** For routes marked `@Ndjson()`: their handler reads a stream and must not be given an object. */
export function refusesAllButNdjson(request: FastifyRequest): ProblemError | undefined {
  const type = request.headers['content-type'];
  if (type !== undefined && type.split(';', 1)[0]?.trim().toLowerCase() === NDJSON) return undefined;
  return new ProblemError('unsupported-media-type', `Send ${NDJSON}.`);
}

/** How a body is compressed, `identity` where it is not; names of codings are case-insensitive (RFC 9110 §8.4.1). */
export function contentCodingOf({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const named = headers['content-encoding']?.trim().toLowerCase() ?? NO_CODING;
  return CODING_ALIASES.get(named) ?? named;
}

/** An empty body is no body: many clients name a type for each POST. */
function jsonBody(request: FastifyRequest, payload: IncomingMessage, done: Done): void {
  const { headers } = request;
  if (contentCodingOf(request) !== NO_CODING) {
    done(new ProblemError('unsupported-media-type', 'Only bulk bodies may be compressed.'));
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  let finished = false;
  const timer = setTimeout(() => {
    finish(new ProblemError('request-timeout', `The body took longer than ${BODY_TIMEOUT_MS / 1_000} s.`));
  }, BODY_TIMEOUT_MS);
  const finish = (error: Error | null, body?: unknown): void => {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    done(error, body);
  };
  if (Number(headers['content-length']) > MAX_DRAINED_BYTES) {
    finish(tooLarge());
    return;
  }
  payload.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    else if (bytes > MAX_DRAINED_BYTES) finish(tooLarge());
  });
  payload.on('end', () => {
    if (finished) return;
    try {
      if (bytes > MAX_BODY_BYTES) throw tooLarge();
      finish(null, parseJson(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, bytes)));
    } catch (error) {
      finish(error instanceof ProblemError ? error : malformed('The body is not valid JSON.'));
    }
  });
  payload.on('error', () => finish(malformed('The body broke off.')));
}

/** For routes that take no body: a missing one and `{}` are the same, a field is refused, not ignored. */
export function refuseFields({ body }: Pick<FastifyRequest, 'body'>): void {
  if (body === undefined) return;
  const errors = isJsonObject(body)
    ? Object.keys(body)
        .slice(0, MAX_FAULTS)
        .map((name) => ({ pointer: pointerTo(name), message: 'is not a known field' }))
    : [{ pointer: '', message: 'must be a JSON object' }];
  if (errors.length > 0) throw new ProblemError('invalid-body', 'This route takes no fields.', { errors });
}

const EMPTY = Buffer.alloc(0);

/** JSON of a body or of a bulk line; throws a ProblemError, which never quotes the text. */
export function parseJson(text: Buffer): unknown {
  if (text.length === 0) return undefined;
  if (!isUtf8(text)) throw malformed('The body is not UTF-8.');
  if (nestsTooDeep(text)) throw malformed(`The body nests deeper than ${MAX_BODY_NESTING} levels.`);
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return value;
  } catch {
    throw malformed('The body is not valid JSON.');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Brackets outside strings, counted before anything recursive sees them. */
function nestsTooDeep(text: Buffer): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i];
    if (quoted) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) {
      quoted = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_BODY_NESTING) return true;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    }
  }
  return false;
}

function malformed(detail: string): ProblemError {
  return new ProblemError('malformed-body', detail);
}

function tooLarge(): ProblemError {
  return new ProblemError('too-large', `A body may have ${MAX_BODY_BYTES} bytes.`);
}
