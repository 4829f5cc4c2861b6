import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Logger } from 'pino';
import { refusesAllButNdjson } from './body';
import { guardRoute } from './guard';
import type { Authenticator, RequestHook } from './guard';
import type { Lifecycle } from './health';
import type { Metrics } from './metrics';
import type { RoutePolicy } from './policy';
import { sendProblem } from './problem-filter';
import type { RateLimit } from './rate-limit';
import { addMountedRoute } from './routes';

export interface HookOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  readonly limit: RateLimit;
  readonly authenticator: Authenticator;
}

/** Nothing that we answer is a page, but for /docs, which sets its own policy. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

const NO_ROUTE = 'none';

type AnswerHook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;

/** Everything that happens to each request beside its handler. Before routes are mounted. */
export function addHooks(fastify: FastifyInstance, options: HookOptions): void {
  const { lifecycle, metrics, logger } = options;
  fastify.decorateRequest('principal', null);
  fastify.decorateRequest('access', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    setHeaders(reply, request.id);
    if (lifecycle.stopping) reply.header('connection', 'close');
    done();
  });
  const observeUnknown = observe(metrics, logger, 'ANY', NO_ROUTE);
  fastify.addHook('onResponse', (request, reply, done) => {
    if (request.is404) observeUnknown(request, reply, done);
    else done();
  });
  fastify.addHook('onRoute', (route) => mount(fastify, route, options));
}

export function setHeaders(reply: FastifyReply, requestId: string): void {
  reply.header('x-request-id', requestId);
  reply.header('x-content-type-options', 'nosniff');
  reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
  reply.header('x-frame-options', 'DENY');
  reply.header('referrer-policy', 'no-referrer');
  reply.header('cache-control', 'no-store');
}

function mount(fastify: FastifyInstance, route: RouteOptions, options: HookOptions): void {
  const config: RoutePolicy = route.config ?? {};
  const { policy, open, ndjson } = config;
  const before: RequestHook[] = [];
  if (policy !== undefined) before.push(guardRoute(policy, options.authenticator, options.limit));
  if (ndjson === true) before.push(takeNdjson);
  for (const method of [route.method].flat()) {
    addMountedRoute(fastify, {
      method,
      pattern: route.url,
      ...(policy === undefined ? {} : { policy }),
      ...(open === undefined ? {} : { open }),
      ...(ndjson === undefined ? {} : { ndjson }),
    });
  }
  const after = observe(options.metrics, options.logger, String(route.method), route.url);
  route.onRequest = [...list(route.onRequest), ...before];
  route.onResponse = [...list(route.onResponse), after];
}

function list<Hook>(hooks: Hook | Hook[] | undefined): Hook[] {
  if (hooks === undefined) return [];
  return Array.isArray(hooks) ? hooks : [hooks];
}

const takeNdjson: RequestHook = (request, reply, done) => {
  const problem = refusesAllButNdjson(request);
  if (problem === undefined) done();
  else sendProblem(reply, problem);
};

/** Measures and logs the answers of one route: by its pattern, since addresses may carry what a log must not. */
function observe(metrics: Metrics, logger: Logger, method: string, route: string): AnswerHook {
  const measure = metrics.requestsOf(method, route);
  return (request, reply, done) => {
    const { statusCode: status, elapsedTime } = reply;
    measure(status, elapsedTime);
    const level = levelOf(status);
    if (logger.isLevelEnabled(level)) {
      const ms = Math.round(elapsedTime * 1_000) / 1_000;
      const line = {
        requestId: request.id,
        method: request.method,
        route,
        status,
        ms,
        keyId: request.principal?.keyId,
      };
      logger[level](line, 'answered');
    }
    done();
  };
}

function levelOf(status: number): 'debug' | 'info' | 'error' {
  if (status < 400) return 'debug';
  return status < 500 ? 'info' : 'error';
}
