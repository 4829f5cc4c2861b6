import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '#libs/core';
import { MAX_BODY_BYTES, addBodyParsers } from './body';
import type { Config } from './config';
import { DocsController } from './docs';
import { AUTHENTICATOR } from './guard';
import type { Authenticator } from './guard';
import { HealthController, Lifecycle } from './health';
import { addHooks, setHeaders } from './hooks';
import { LOGGER, NestLogger, createLogger } from './logger';
import { Metrics, MetricsController } from './metrics';
import { OpenApi, OpenApiController, createOpenApi } from './openapi';
import type { OpenApiInfo } from './openapi';
import { assertEveryRouteHasPolicy } from './policy';
import { ProblemFilter, answerFault } from './problem-filter';
import { PROBLEMS, ProblemError, problemDocument } from './problems';
import type { ProblemCode } from './problems';
import { RateLimit } from './rate-limit';
import { givenRequestId } from './request';
import { routesOf } from './routes';
import { stopOnSignals } from './shutdown';

/** A socket on which nothing moves; event streams send something more often. */
const SOCKET_IDLE_MS = 120_000;
/** Longer than the 60 s that proxies keep a connection, so that it is they who close it. */
const KEEP_ALIVE_MS = 72_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** An order id may have 256 characters, each up to 12 in an address. */
const MAX_PARAM_LENGTH = 3_072;

export interface HttpAppOptions {
  readonly config: Pick<Config, 'logLevel'>;
  readonly logger?: Logger;
  /** Else the one that a module provides under AUTHENTICATOR. */
  readonly authenticator?: Authenticator;
  /** For rate limits only. */
  readonly clock?: Clock;
  readonly openApi?: OpenApiInfo;
}

interface Platform {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
}

/** What each HTTP process has beside its own modules: health, metrics, description; injectable everywhere. */
@Module({})
class PlatformModule {
  static with(module: Type | DynamicModule, { logger, metrics, lifecycle }: Platform): DynamicModule {
    return {
      module: PlatformModule,
      global: true,
      imports: [module],
      controllers: [HealthController, MetricsController, OpenApiController, DocsController],
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: Metrics, useValue: metrics },
        { provide: Lifecycle, useValue: lifecycle },
        OpenApi,
      ],
      exports: [LOGGER, Metrics, Lifecycle, OpenApi],
    };
  }
}

/** An app of `module`, initialised and ready for `listen` or `inject`; throws when a route lacks a policy. */
export async function createHttpApp(
  module: Type | DynamicModule,
  options: HttpAppOptions,
): Promise<NestFastifyApplication> {
  const logger = options.logger ?? createLogger(options.config.logLevel);
  const metrics = new Metrics();
  const lifecycle = new Lifecycle();
  const adapter = createAdapter(logger);
  const fastify = adapter.getInstance();
  addBodyParsers(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(
    PlatformModule.with(module, { logger, metrics, lifecycle }),
    adapter,
    { logger: new NestLogger(logger), bodyParser: false, abortOnError: false },
  );
  const authenticator =
    options.authenticator ?? app.get<symbol, Authenticator>(AUTHENTICATOR, { strict: false });
  const limit = new RateLimit(options.clock ?? { nowMs: () => Date.now() });
  addHooks(fastify, { logger, metrics, lifecycle, limit, authenticator });
  app.useGlobalFilters(new ProblemFilter(logger));
  try {
    await app.init();
    assertEveryRouteHasPolicy(routesOf(fastify));
    await fastify.ready();
  } catch (error) {
    await app.close();
    throw error;
  }
  const info = options.openApi ?? { title: 'Touchstone', version: '1' };
  app.get(OpenApi).describe(() => createOpenApi(app, info));
  return app;
}

/** Binds the port, stops on signals; resolves to the address. */
export async function listen(
  app: NestFastifyApplication,
  config: Pick<Config, 'port' | 'host'>,
): Promise<string> {
  await app.listen({ port: config.port, host: config.host });
  stopOnSignals(app, { lifecycle: app.get(Lifecycle), logger: app.get<symbol, Logger>(LOGGER) });
  return app.getUrl();
}

function createAdapter(logger: Logger): FastifyAdapter {
  return new FastifyAdapter({
    logger: false,
    trustProxy: false,
    bodyLimit: MAX_BODY_BYTES,
    // Node counts a request's body into this, and bulk bodies may stream for hours; body.ts times all others.
    requestTimeout: 0,
    connectionTimeout: SOCKET_IDLE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    requestIdHeader: false,
    genReqId: (request: IncomingMessage) => givenRequestId(request.headers) ?? randomUUID(),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setHeaders(reply, request.id);
      answerFault(request, reply, error, logger);
    },
    clientErrorHandler: answerSocket,
  });
}

/** What is not HTTP never becomes a request: the answer is written to the socket by hand. */
function answerSocket(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const code = codeOfSocketError(error.code);
  const body = JSON.stringify(problemDocument(new ProblemError(code, 'The request is not good HTTP.')));
  const { status, title } = PROBLEMS[code];
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    'connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

function codeOfSocketError(code: string | undefined): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request-timeout' : 'bad-request';
}
