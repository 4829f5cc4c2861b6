import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

/** Token under which the app's pino logger is injected, in every module. */
export const LOGGER = Symbol('LOGGER');

const MAX_MESSAGE_LENGTH = 300;
const QUOTED = /(["'`])(?:(?!\1).)*\1/g;
const ADDRESS = /[^\s@]+@[^\s@]+/g;
const NUMBER = /\d{5,}/g;
/** Contexts in which Nest tells of every module and route: of use only to who debugs the start. */
const CHATTER = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** JSON lines in UTC. Writing is asynchronous: a slow terminal must not slow requests; pino flushes at exit. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, destination ?? pino.destination({ dest: 1, sync: false }));
}

/**
 * What a log may hold of a fault. Messages of parsers and drivers quote the data that they failed on, so quoted
 * parts, addresses and long numbers are cut out; the frames of the stack say where it was.
 */
export function faultFields(fault: unknown): Readonly<Record<string, unknown>> {
  if (!(fault instanceof Error)) return { name: typeof fault };
  const code: unknown = Reflect.get(fault, 'code');
  const frames = (fault.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return {
    name: fault.name,
    message: scrub(fault.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    frames: frames.map((line) => line.trim()),
    ...(fault.cause === undefined ? {} : { cause: causeFields(fault.cause) }),
  };
}

function causeFields(cause: unknown): Readonly<Record<string, unknown>> {
  return cause instanceof Error
    ? { name: cause.name, message: scrub(cause.message) }
    : { name: typeof cause };
}

function scrub(message: string): string {
  return message
    .slice(0, MAX_MESSAGE_LENGTH)
    .replace(QUOTED, '$1…$1')
    .replace(ADDRESS, '…')
    .replace(NUMBER, '…');
}

/** Nest's own messages, through pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    if (CHATTER.has(context)) this.logger.debug({ context }, textOf(message));
    else this.logger.info({ context }, textOf(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const fault = message instanceof Error ? { fault: faultFields(message) } : {};
    this.logger.error({ context: contextOf(rest), ...fault }, textOf(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.fatal({ context: contextOf(rest) }, textOf(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn({ context: contextOf(rest) }, textOf(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: contextOf(rest) }, textOf(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.trace({ context: contextOf(rest) }, textOf(message));
  }
}

/** Nest passes the name of the speaker last. */
function contextOf(rest: readonly unknown[]): string {
  const last = rest.at(-1);
  return typeof last === 'string' ? last : '';
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return scrubbed(message);
  return message instanceof Error ? scrub(message.message) : typeof message;
}

/** Routes and class names are fine; addresses of people are not. */
function scrubbed(message: string): string {
  return message.replace(ADDRESS, '…');
}
