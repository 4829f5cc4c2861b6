import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError, StatusObject } from '@grpc/grpc-js';

/** A gRPC status with the trailers by which the client tells what went wrong. */
export class Failure extends Error implements ServiceError {
  readonly details: string;
  readonly metadata: Metadata;

  constructor(
    readonly code: status,
    details: string,
    trailers: Readonly<Record<string, string>> = {},
  ) {
    super(details);
    this.details = details;
    this.metadata = new Metadata();
    for (const [name, value] of Object.entries(trailers)) this.metadata.set(name, value);
  }

  get status(): StatusObject {
    return { code: this.code, details: this.details, metadata: this.metadata };
  }
}

export const failures = {
  notReady: () => new Failure(status.UNAVAILABLE, 'Server Is Not Ready'),
  connectionLost: () => new Failure(status.UNAVAILABLE, 'Connection dropped'),
  timedOut: () => new Failure(status.ABORTED, 'Operation timed out: the write was not committed in time'),
  tooSlow: () => new Failure(status.ABORTED, 'Operation timed out: Consumer too slow to handle event'),
  invalidArgument: (what: string) => new Failure(status.INVALID_ARGUMENT, `'${what}' is not valid`),
  invalidPosition: () => new Failure(status.INVALID_ARGUMENT, 'The position is invalid'),
  noLeader: () => new Failure(status.UNKNOWN, 'No leader info available in response'),
  unknown: (what: string) => new Failure(status.UNKNOWN, what),
  streamDeleted: (stream: string) =>
    new Failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
      exception: 'stream-deleted',
      'stream-name': stream,
    }),
  /** Of deletes: appends answer with a message. */
  wrongExpectedVersion: (stream: string, expected: string, actual: number) =>
    new Failure(
      status.FAILED_PRECONDITION,
      `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
      {
        exception: 'wrong-expected-version',
        'stream-name': stream,
        'expected-version': expected,
        'actual-version': String(actual),
      },
    ),
  tooLarge: (limitBytes: number) =>
    new Failure(status.INVALID_ARGUMENT, `Maximum Append Size of ${limitBytes} Exceeded.`, {
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': String(limitBytes),
    }),
  missingMetadata: (property: string) =>
    new Failure(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    }),
  notLeader: (host: string, port: number) =>
    new Failure(status.NOT_FOUND, 'Leader info available', {
      exception: 'not-leader',
      'leader-endpoint-host': host,
      'leader-endpoint-port': String(port),
    }),
} as const;

/** Those that a batch append answers by their text alone, while its call goes on. */
export const ANSWERED_BY_TEXT: ReadonlySet<string> = new Set(
  [failures.notReady(), failures.noLeader()].map(({ details }) => details),
);

/** What an exception in a handler looks like from outside. */
export const asFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : failures.unknown('Exception was thrown by handler.');
