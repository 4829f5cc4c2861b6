import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { EngineError } from '#libs/core';
import { faultFields } from './logger';
import { INTERNAL_DETAIL, ProblemError, problemDocument, problemHeaders } from './problems';
import type { ProblemCode } from './problems';
import { allowedMethods } from './routes';

const CODE_OF_STATUS: ReadonlyMap<number, ProblemCode> = new Map([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not-found'],
  [405, 'method-not-allowed'],
  [408, 'request-timeout'],
  [413, 'too-large'],
  [414, 'uri-too-long'],
  [415, 'unsupported-media-type'],
  [429, 'rate-limited'],
  [431, 'headers-too-large'],
  [503, 'unavailable'],
]);

const UNAVAILABLE = 'Something that the ledger needs does not answer at the moment.';
const DETAILS: Readonly<Partial<Record<ProblemCode, string>>> = {
  'not-found': 'There is no such route.',
  'too-large': 'The body is larger than this route takes.',
  'uri-too-long': 'A part of the path is longer than this route takes.',
  'unsupported-media-type': 'Send application/json.',
};

/** Makes a problem document of whatever is thrown. What it does not know is a fault of ours: logged, never shown. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request: FastifyRequest = http.getRequest();
    const reply: FastifyReply = http.getResponse();
    const fault = request.is404 ? unknownRoute(request) : exception;
    answerFault(request, reply, fault, this.logger);
  }
}

/** Also for faults that Fastify meets before Nest does. */
export function answerFault(
  request: FastifyRequest,
  reply: FastifyReply,
  fault: unknown,
  logger: Logger,
): void {
  const problem = toProblem(fault);
  if (problem.status >= 500) {
    const cause = problem.cause ?? fault;
    logger.error({ requestId: request.id, code: problem.code, fault: faultFields(cause) }, 'request failed');
  }
  if (reply.raw.headersSent) {
    // Half an answer is out: all that is left is to let the reader see that it is not whole.
    reply.raw.destroy();
    return;
  }
  sendProblem(reply, problem);
}

export function sendProblem(reply: FastifyReply, problem: ProblemError): void {
  const headers = problemHeaders(problem);
  for (const name in headers) reply.header(name, headers[name]);
  reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problemDocument(problem, reply.request.id)));
}

export function toProblem(fault: unknown): ProblemError {
  if (fault instanceof ProblemError) return fault;
  if (fault instanceof EngineError) return new ProblemError('unavailable', UNAVAILABLE, { cause: fault });
  const status = statusOf(fault);
  if (status === undefined || status === 500) {
    return new ProblemError('internal', INTERNAL_DETAIL, { cause: fault });
  }
  const code = CODE_OF_STATUS.get(status) ?? (status < 500 ? 'bad-request' : 'internal');
  // Messages of frameworks quote paths and bodies, so none of them is passed on.
  const detail = DETAILS[code] ?? 'The request could not be understood or served.';
  return new ProblemError(code, detail, { cause: fault });
}

/** Of Nest's exceptions and of Fastify's errors; other errors carry numbers that mean something else. */
function statusOf(fault: unknown): number | undefined {
  if (fault instanceof HttpException) return fault.getStatus();
  if (!(fault instanceof Error) || !('statusCode' in fault) || !('code' in fault)) return undefined;
  const { statusCode, code } = fault;
  if (typeof statusCode !== 'number' || typeof code !== 'string' || !code.startsWith('FST_'))
    return undefined;
  return statusCode;
}

function unknownRoute(request: FastifyRequest): ProblemError {
  const allowed = allowedMethods(request.server, request.raw.url ?? '/');
  if (allowed.length === 0) return new ProblemError('not-found', 'There is no such route.');
  const headers = { allow: allowed.join(', ') };
  return new ProblemError('method-not-allowed', `This route takes ${headers.allow}.`, { headers });
}
