import { isAbsolute, relative, resolve } from 'node:path';
import type { EngineAddresses, EngineVariables } from '#libs/distributed';

export const PROCESS_ROLES = [
  'standalone',
  'command-api',
  'relay',
  'projector',
  'notary',
  'query-api',
] as const;
export type ProcessRole = (typeof PROCESS_ROLES)[number];

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  readonly role: ProcessRole;
  readonly port: number;
  readonly host: string;
  /** Absolute path. */
  readonly dataDirectory: string;
  /** Absolute path, never inside the data directory: who copies the one must not get the other. */
  readonly rootKeyFile: string;
  readonly adminKey?: string;
  readonly engines?: EngineAddresses;
  readonly logLevel: LogLevel;
}

/** One line that names every fault. Never shows a value: one of them is a key, others may carry passwords. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const MIN_ADMIN_KEY_LENGTH = 32;
const MAX_ADMIN_KEY_LENGTH = 1_024;
const NAMES: ReadonlySet<string> = new Set([
  'TOUCHSTONE_DATA',
  'TOUCHSTONE_HOST',
  'TOUCHSTONE_ROOT_KEY_FILE',
  'TOUCHSTONE_ADMIN_KEY',
  'TOUCHSTONE_LOG_LEVEL',
]);
/** What a role without them must not be given: whoever sets them believes that they are used. */
const ENGINE_NAME = /^TOUCHSTONE_(EVENTSTORE|KAFKA|MONGODB)_/;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads what docs and API §5 list; `engines`, where the role runs on those. An empty variable counts as not set, but an
 * empty admin key is refused.
 */
export function readConfig(
  env: Environment,
  role: ProcessRole = 'standalone',
  engines?: EngineVariables,
): Config {
  const value = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const faults: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('TOUCHSTONE_') || NAMES.has(name) || engines?.names.includes(name) === true)
      continue;
    if (engines !== undefined || !ENGINE_NAME.test(name)) {
      faults.push(`${name} is not a name that Touchstone knows`);
    } else if (value(name) !== undefined) {
      faults.push(`${name} must not be set: ${role} runs on its own engines`);
    }
  }
  const fault = (text: string): void => void faults.push(text);

  const dataDirectory = resolve(value('TOUCHSTONE_DATA') ?? './data');
  const rootKeyFile = resolve(value('TOUCHSTONE_ROOT_KEY_FILE') ?? `${dataDirectory}.key`);
  if (isInside(rootKeyFile, dataDirectory)) {
    fault('TOUCHSTONE_ROOT_KEY_FILE must not lie in the data directory');
  }
  const host = value('TOUCHSTONE_HOST') ?? '127.0.0.1';
  if (!/^[0-9A-Za-z.:-]{1,253}$/.test(host)) fault('TOUCHSTONE_HOST must be a host name or an IP address');
  const adminKey = env['TOUCHSTONE_ADMIN_KEY'];
  if (adminKey !== undefined) checkAdminKey(adminKey, fault);
  const config = {
    role,
    port: readPort(value('PORT') ?? '3000', fault),
    host,
    dataDirectory,
    rootKeyFile,
    logLevel: readLogLevel(value('TOUCHSTONE_LOG_LEVEL') ?? 'info', fault),
    ...(adminKey === undefined ? {} : { adminKey }),
    ...(engines === undefined ? {} : { engines: engines.read(value, fault) }),
  };
  if (faults.length > 0) throw new ConfigError(`Configuration refused: ${faults.join('; ')}.`);
  return config;
}

/** What a role on the distributed engines is opened with; throws where the role has none. */
export function enginesOf({ engines, rootKeyFile, dataDirectory }: Config): EngineAddresses & {
  readonly rootKeyFile: string;
  readonly dataDirectory: string;
} {
  if (engines === undefined) throw new ConfigError('Configuration refused: this role has no engines.');
  return { ...engines, rootKeyFile, dataDirectory };
}

type Fault = (text: string) => void;

function isInside(file: string, directory: string): boolean {
  const path = relative(directory, file);
  return path === '' || (!path.startsWith('..') && !isAbsolute(path));
}

function readPort(text: string, fault: Fault): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) fault('PORT must be a whole number from 0 to 65535');
  return port;
}

function readLogLevel(text: string, fault: Fault): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined) fault(`TOUCHSTONE_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}`);
  return level ?? 'info';
}

/** It must survive a trip in an HTTP header: no control characters, no blanks at the ends. */
function checkAdminKey(key: string, fault: Fault): void {
  const length = Array.from(key).length;
  if (length < MIN_ADMIN_KEY_LENGTH || length > MAX_ADMIN_KEY_LENGTH) {
    fault(`TOUCHSTONE_ADMIN_KEY must have ${MIN_ADMIN_KEY_LENGTH} to ${MAX_ADMIN_KEY_LENGTH} characters`);
  } else if (key.trim() !== key || /\p{Cc}/u.test(key)) {
    fault('TOUCHSTONE_ADMIN_KEY must not begin or end with a blank or contain control characters');
  }
}
