import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '#libs/runtime';
import type { Access } from './access';
import { ProblemError } from './problems';
import type { FieldError } from './problems';

/** A request that the guard let in: what handlers of routes with a policy get. */
export interface ApiRequest extends FastifyRequest {
  /** Who asks; `principal.keyId` is the actor of what is written. */
  readonly principal: Principal;
  /** How the route's policy shows customers' data to this key. */
  readonly access: Access;
}

declare module 'fastify' {
  /** What the guard found out; null before, and on open routes. */
  interface FastifyRequest {
    principal: Principal | null;
    access: Access | null;
  }
}

export type ApiReply = FastifyReply;

/** Headers that a route reads: Node gives repeated ones as a list only where that is allowed. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const IDEMPOTENCY_KEY = /^[\x20-\x22\x24-\x7e]{1,255}$/;
const ENTITY_TAG = /^"(0|[1-9]\d{0,15})"$/;
const COUNT = /^(0|[1-9]\d{0,15})$/;

const MAX_WAIT_MS = 10_000;

/** The caller's own id of the request where it is fit for a log, else `undefined`. */
export function givenRequestId(headers: RequestHeaders): string | undefined {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : undefined;
}

/** `Idempotency-Key`: 1–255 printable ASCII characters but `#`, which separates a bulk's key from the line. */
export function idempotencyKeyOf(headers: RequestHeaders): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && IDEMPOTENCY_KEY.test(key)) return key;
  throw new ProblemError(
    'invalid-header',
    'Idempotency-Key must be 1 to 255 printable ASCII characters without #.',
  );
}

/** `If-Match: "<revision>"`. */
export function ifMatchOf(headers: RequestHeaders): number | undefined {
  const tag = headers['if-match'];
  if (tag === undefined) return undefined;
  const digits = typeof tag === 'string' ? ENTITY_TAG.exec(tag)?.[1] : undefined;
  const revision = Number(digits ?? Number.NaN);
  if (Number.isSafeInteger(revision)) return revision;
  throw new ProblemError('invalid-header', 'If-Match must be one revision in double quotes, as "7".');
}

/** For routes that take no query parameters: an unknown one is refused, not ignored. */
export function refuseQuery(request: Pick<FastifyRequest, 'query'>): void {
  const [name] = Object.keys(Object(request.query));
  if (name !== undefined) throw new ProblemError('invalid-query', 'This route takes no query parameters.');
}

/** A body that was checked against its contract; refuses with what is wrong with it. */
export function bodyOf<T>(
  checked:
    { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly FieldError[] },
): T {
  if (checked.ok) return checked.value;
  throw new ProblemError('invalid-body', 'The body does not fit its contract.', { errors: checked.errors });
}

/** What a reader of its own write waits for. */
export interface Wait {
  readonly revision: number;
  readonly timeoutMs: number;
}

/** `?waitFor=<revision>&waitMs=<0..10000>`; `undefined` where nothing is waited for. Without waitMs: as long as allowed. */
export function waitOf(query: { readonly waitFor?: unknown; readonly waitMs?: unknown }): Wait | undefined {
  const { waitFor, waitMs } = query;
  if (waitFor === undefined && waitMs === undefined) return undefined;
  const timeoutMs = waitMs === undefined ? MAX_WAIT_MS : countOf(waitMs, 'waitMs');
  if (timeoutMs > MAX_WAIT_MS) {
    throw new ProblemError('invalid-query', `waitMs must be 0 to ${MAX_WAIT_MS}.`);
  }
  if (waitFor === undefined) return undefined;
  return { revision: countOf(waitFor, 'waitFor'), timeoutMs };
}

function countOf(value: unknown, name: string): number {
  const count = typeof value === 'string' && COUNT.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(count)) return count;
  throw new ProblemError('invalid-query', `${name} must be a whole number, given once.`);
}
