import { types } from 'node:util';
import { EngineError, pause } from '#libs/core';
import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';

/** An operation is tried again for this long: an election takes seconds. Each single try has the driver's own bounds. */
const TRYING_MS = 20_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

const DUPLICATE_KEY = 11_000;
const TRANSIENT_LABELS = [
  'RetryableWriteError',
  'TransientTransactionError',
  'UnknownTransactionCommitResult',
  'PoolRequestedRetry',
];
/** Unreachable, stepping down, recovering, shutting down, not confirmed in time, in conflict, replaced while it was read. */
const TRANSIENT_CODES: ReadonlySet<unknown> = new Set([
  6, 7, 64, 89, 91, 112, 133, 134, 175, 189, 234, 246, 251, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436,
]);

/** What the driver (7.8.0) passes on as Node threw it, or as the code of a bulk write, where a connection breaks under a write. */
const SOCKET_CODES: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);

/** Somebody holds this key already. Where the caller expects that, it is no fault. */
export class DuplicateKeyError extends EngineError {
  override readonly name = 'DuplicateKeyError';
}

export function isTransient(error: unknown): boolean {
  if (isSocketFault(error)) return true;
  if (!(error instanceof MongoError)) return false;
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  return TRANSIENT_LABELS.some((label) => error.hasErrorLabel(label)) || TRANSIENT_CODES.has(error.code);
}

/** Told by `isNativeError`: what Node throws is no `Error` of the realm that jest runs us in. */
function isSocketFault(error: unknown): error is Error & { readonly code: string } {
  return types.isNativeError(error) && 'code' in error && SOCKET_CODES.has(error.code);
}

export function isDuplicate(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * Does what survives being done twice: its effect is guarded, or the same each time. Throws `EngineError` when time is
 * up, or where another try is of no use; what is no error of the driver's passes as it is.
 */
export async function retrying<T>(what: string, run: (attempt: number) => Promise<T>): Promise<T> {
  const deadline = Date.now() + TRYING_MS;
  for (let attempt = 0, pauseMs = FIRST_PAUSE_MS; ; attempt++) {
    try {
      return await run(attempt);
    } catch (thrown) {
      const error = unwrapped(thrown);
      if (!isTransient(error) || Date.now() + pauseMs > deadline) throw faultOf(what, error);
      await pause(pauseMs * (1 + Math.random()) * 0.5); // Those who met in a conflict part ways.
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }
}

/** A bulk write throws whatever ended it as a fault of the server's. */
function unwrapped(error: unknown): unknown {
  const inner: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  return inner instanceof MongoError || isSocketFault(inner) ? inner : error;
}

/** The server's messages quote keys and documents, so only its code goes on; the driver's own name hosts at most. */
export function faultOf(what: string, error: unknown): unknown {
  if (isDuplicate(error)) return new DuplicateKeyError(`mongodb: ${what}: this key is held already`);
  if (isSocketFault(error)) return new EngineError(`mongodb: ${what}: ${error.code}`);
  if (error instanceof MongoServerError) {
    return new EngineError(`mongodb: ${what}: ${error.codeName ?? error.name} (${String(error.code)})`);
  }
  if (error instanceof MongoError) {
    return new EngineError(`mongodb: ${what}: ${error.name}: ${error.message}`, { cause: error });
  }
  return error;
}
