import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '#libs/runtime';
import { accessOf } from './access';
import type { PolicyName } from './access';
import { sendProblem } from './problem-filter';
import { ProblemError } from './problems';
import { isLoopback } from './rate-limit';
import type { RateLimit } from './rate-limit';

/** Whose key a token is; `ApiKeys` of the runtime is one. */
export interface Authenticator {
  authenticate(token: string): Principal | undefined | Promise<Principal | undefined>;
}

/** Token of Nest's injection under which an app provides its Authenticator. */
export const AUTHENTICATOR = Symbol('AUTHENTICATOR');

export type RequestHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
) => void;

/**
 * Guards one route, as a hook that runs before the body is read: who has no key cannot make us parse, and a hook made
 * for its route needs neither Nest's reflection nor a lookup a request.
 */
export function guardRoute(policy: PolicyName, authenticator: Authenticator, limit: RateLimit): RequestHook {
  const admit = (request: FastifyRequest, reply: FastifyReply, principal: Principal | undefined): boolean => {
    if (principal === undefined) return refuse(reply, UNAUTHENTICATED());
    request.principal = principal;
    const access = accessOf(policy, principal.roles);
    if (access === undefined) return refuse(reply, FORBIDDEN());
    request.access = access;
    if (isLoopback(request.raw.socket.remoteAddress) || limit.admits(principal.keyId)) return true;
    return refuse(reply, new ProblemError('rate-limited', 'This key asks too often.'));
  };
  const admitLater = async (
    found: Promise<Principal | undefined>,
    ...[request, reply, done]: Parameters<RequestHook>
  ): Promise<void> => {
    let principal: Principal | undefined;
    try {
      principal = await found;
    } catch (cause) {
      done(new ProblemError('unavailable', 'Keys cannot be checked at the moment.', { cause }));
      return;
    }
    if (admit(request, reply, principal)) done();
  };
  return (request, reply, done) => {
    const token = bearerToken(request.raw.headers.authorization);
    const found = token === undefined ? undefined : authenticator.authenticate(token);
    if (!(found instanceof Promise)) {
      if (admit(request, reply, found)) done();
      return;
    }
    void admitLater(found, request, reply, done);
  };
}

const UNAUTHENTICATED = (): ProblemError =>
  new ProblemError('unauthenticated', 'Send Authorization: Bearer with a valid API key.', {
    headers: { 'www-authenticate': 'Bearer' },
  });

const FORBIDDEN = (): ProblemError => new ProblemError('forbidden', 'No role of this key may do this.');

function refuse(reply: FastifyReply, problem: ProblemError): false {
  sendProblem(reply, problem);
  return false;
}

const SCHEME = 'bearer ';

/** From the header only: what stands in an address ends in logs and histories. */
function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header.length <= SCHEME.length) return undefined;
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  const token = header.slice(SCHEME.length).trimStart();
  if (token === '') return undefined;
  // Node reads headers as Latin-1; a key with other letters arrives as the bytes of its UTF-8.
  return /[^\0-\x7f]/.test(token) ? Buffer.from(token, 'latin1').toString('utf8') : token;
}
