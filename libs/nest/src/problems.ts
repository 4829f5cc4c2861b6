import type { Refusal } from '#libs/core';

interface ProblemType {
  readonly status: number;
  readonly title: string;
  /** Seconds to wait before the same request may succeed. */
  readonly retryAfterS?: number;
}

/** Every code that the API answers with; docs/errors.md explains each, and a test compares the two. */
export const PROBLEMS = {
  'bad-request': { status: 400, title: 'Malformed request' },
  'malformed-body': { status: 400, title: 'The body is not JSON' },
  'invalid-body': { status: 400, title: 'The body is not valid' },
  'invalid-query': { status: 400, title: 'The query or path is not valid' },
  'invalid-header': { status: 400, title: 'A header is not valid' },
  'invalid-cursor': { status: 400, title: 'The cursor is not valid' },
  unauthenticated: { status: 401, title: 'No valid key' },
  forbidden: { status: 403, title: 'The key has no right to this' },
  'not-found': { status: 404, title: 'No such route' },
  'customer-not-found': { status: 404, title: 'No such customer' },
  'touchpoint-not-found': { status: 404, title: 'No such touchpoint' },
  'event-not-found': { status: 404, title: 'No such event' },
  'identifier-not-found': { status: 404, title: 'No such identifier' },
  'key-not-found': { status: 404, title: 'No such key' },
  'model-not-found': { status: 404, title: 'No such model' },
  'segment-not-found': { status: 404, title: 'No such segment' },
  'projection-not-found': { status: 404, title: 'No such projection' },
  'rebuild-not-found': { status: 404, title: 'No such rebuild' },
  'method-not-allowed': { status: 405, title: 'The route does not know this method' },
  'request-timeout': { status: 408, title: 'The body did not arrive in time' },
  'identifier-taken': { status: 409, title: 'The identifier belongs to a customer' },
  'touchpoint-redacted': { status: 409, title: 'The touchpoint is redacted' },
  'customer-erased': { status: 409, title: 'The customer is erased' },
  'rebuild-running': { status: 409, title: 'A rebuild is running' },
  'too-many-keys': { status: 409, title: 'Too many keys' },
  'revision-mismatch': { status: 412, title: 'The stream has moved' },
  'too-large': { status: 413, title: 'The body is too large' },
  'uri-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'invalid-identifier': { status: 422, title: 'The identifier has no normal form' },
  'identifiers-disagree': { status: 422, title: 'The identifiers belong to different customers' },
  'idempotency-key-reused': { status: 422, title: 'The idempotency key was used for another request' },
  'occurred-in-future': { status: 422, title: 'occurredAt lies in the future' },
  'nobody-to-fit': { status: 422, title: 'Nobody to fit a model to' },
  'nothing-to-change': { status: 422, title: 'Nothing to change' },
  'expiry-in-past': { status: 422, title: 'The key would have expired' },
  'query-too-broad': { status: 422, title: 'The query matches too much' },
  'rate-limited': { status: 429, title: 'Too many requests', retryAfterS: 1 },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Internal error' },
  contention: { status: 503, title: 'Too many writers at one customer', retryAfterS: 1 },
  overloaded: { status: 503, title: 'Too busy', retryAfterS: 1 },
  unavailable: { status: 503, title: 'Not available', retryAfterS: 5 },
} as const satisfies Record<string, ProblemType>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One fault of a body: where (JSON Pointer, RFC 6901) and what. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

export interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  /** Members of the document beside the usual ones; these cannot replace those. */
  readonly extra?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown by controllers; the filter makes an answer of it. `detail` reaches the client: no personal data in it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly errors: readonly FieldError[] | undefined;
  readonly extra: Readonly<Record<string, string | number>> | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    { errors, extra, headers, cause }: ProblemOptions = {},
  ) {
    super(`${code}: ${detail}`, cause === undefined ? undefined : { cause });
    this.errors = errors;
    this.extra = extra;
    this.headers = headers;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** Body of `application/problem+json` (RFC 9457). */
export type ProblemDocument = Readonly<Record<string, unknown>>;

export function problemDocument(problem: ProblemError, requestId?: string): ProblemDocument {
  const { code, detail, errors, extra } = problem;
  const { status, title } = PROBLEMS[code];
  return {
    ...extra,
    type: `urn:touchstone:problem:${code}`,
    title,
    status,
    detail,
    code,
    ...(errors === undefined ? {} : { errors }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

export function problemHeaders(problem: ProblemError): Readonly<Record<string, string>> {
  const type: ProblemType = PROBLEMS[problem.code];
  return {
    ...(type.retryAfterS === undefined ? {} : { 'retry-after': String(type.retryAfterS) }),
    ...problem.headers,
  };
}

/** A code that the table lacks is a fault of ours: it becomes `internal` and names itself in the log. */
export function refusalToProblem(refusal: Refusal): ProblemError {
  const { code, detail, extra } = refusal;
  if (!isProblemCode(code)) {
    return new ProblemError('internal', INTERNAL_DETAIL, { cause: new Error(`unlisted refusal ${code}`) });
  }
  return new ProblemError(code, detail, extra === undefined ? {} : { extra });
}

export const INTERNAL_DETAIL = 'Something went wrong on our side; the log has more under the request id.';

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
