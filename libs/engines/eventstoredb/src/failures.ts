import { isCommandError, StreamNotFoundError, WrongExpectedVersionError } from '@eventstore/db-client';
import { EngineError } from '#libs/core';
import { NoAnswer } from './waiting';

/** Status codes of gRPC. */
const CODE = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  unauthenticated: 16,
};

/** Asking again gets the same answer: a stream that is deleted, a user who may not, an append that is too large. */
const FINAL_CODES = new Set([
  CODE.invalidArgument,
  CODE.permissionDenied,
  CODE.failedPrecondition,
  CODE.outOfRange,
  CODE.unimplemented,
  CODE.unauthenticated,
]);
/** These carry no code where the server put them into a reply. */
const FINAL_TYPES = new Set([
  'access-denied',
  'invalid-argument',
  'invalid-transaction',
  'stream-deleted',
  'maximum-append-size-exceeded',
  'missing-required-metadata-property',
]);

/**
 * `repeat`: the same call may be made again, it may or may not have been done. `final`: it was not done and never will be.
 */
export type Failure = 'wrong-revision' | 'no-stream' | 'final' | 'repeat';

export function failureOf(error: unknown): Failure {
  if (error instanceof WrongExpectedVersionError) return 'wrong-revision';
  if (error instanceof StreamNotFoundError) return 'no-stream';
  const code = codeOf(error);
  if (code !== undefined && FINAL_CODES.has(code)) return 'final';
  return isCommandError(errorOf(error)) && FINAL_TYPES.has(typeOf(error)) ? 'final' : 'repeat';
}

/** Nothing came back in time: the server is slow, or the connection leads nowhere any more. */
export function isSilence(error: unknown): boolean {
  return error instanceof NoAnswer || codeOf(error) === CODE.deadlineExceeded;
}

/** Names the kind of failure only: a message of the server may name streams. */
export function engineError(what: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const code = codeOf(error);
  const kind = error instanceof NoAnswer ? 'no answer in time' : typeOf(error);
  return new EngineError(`EventStoreDB: ${what}: ${kind}${code === undefined ? '' : ` (code ${code})`}`);
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('not an error');
}

/** Errors of the connection are plain ones with a code, and no class of the client's. */
function codeOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

function typeOf(error: unknown): string {
  const type: unknown = error instanceof Error && 'type' in error ? error.type : undefined;
  return typeof type === 'string' ? type : 'failed';
}
