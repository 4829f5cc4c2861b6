import { Kafka, KafkaJSError, KafkaJSProtocolError, logLevel } from 'kafkajs';
import type { Admin, RetryOptions, SASLOptions } from 'kafkajs';
import { EngineError, messageOf, pause, withDeadline } from '#libs/core';

export interface KafkaConnection {
  /** `host:port` each; some of the cluster's are enough. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  /** With the certificates (PEM) of who has signed the brokers'; `true`: of those that Node trusts. */
  readonly tls?: true | { readonly ca: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /** What the driver has to say; it calls normal events errors, so this is for a log's debug level. Never a payload. */
  readonly onLog?: (message: string) => void;
}

const CONNECTION_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 5_000;
/** How long an administrative question may take, its retries included. */
const ADMIN_TIMEOUT_MS = 20_000;
const ASK_AGAIN_MS = 50;

/** About eight seconds: a broker that restarts is ridden out by the driver, one that is gone is told to the caller. */
const RETRY: RetryOptions = {
  retries: 10,
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  factor: 0.2,
  multiplier: 2,
  // A consumer that failed is not started again behind our back: its run ends with the fault, and our caller starts anew.
  restartOnFailure: async () => false,
};

export function connect({ brokers, clientId, tls, sasl, onLog }: KafkaConnection): Kafka {
  return new Kafka({
    brokers: [...brokers],
    clientId: clientId ?? 'touchstone',
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    logLevel: onLog === undefined ? logLevel.NOTHING : logLevel.WARN,
    logCreator:
      () =>
      ({ log }) =>
        onLog?.(log.message),
    ...(tls !== undefined && { ssl: tls === true || { ca: [tls.ca] } }),
    ...(sasl !== undefined && { sasl: saslOf(sasl) }),
  });
}

function saslOf({ mechanism, username, password }: NonNullable<KafkaConnection['sasl']>): SASLOptions {
  return { mechanism, username, password };
}

/**
 * Asks with a connection of its own, again where the cluster says that it is not ready to answer: the driver gives up at
 * once while a topic that was just made has no leader. Rejects with `EngineError`.
 */
export async function administer<T>(
  kafka: Kafka,
  what: string,
  ask: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = kafka.admin();
  const deadlineMs = performance.now() + ADMIN_TIMEOUT_MS;
  try {
    await within(ADMIN_TIMEOUT_MS, what, admin.connect());
    for (;;) {
      const leftMs = deadlineMs - performance.now();
      try {
        return await within(leftMs, what, ask(admin));
      } catch (error) {
        if (!isPassing(error) || leftMs < ASK_AGAIN_MS) throw error;
      }
      await pause(ASK_AGAIN_MS);
    }
  } catch (error) {
    throw asEngineError(what, error);
  } finally {
    await quietly(admin.disconnect());
  }
}

/** Time is up, and nobody knows whether what was asked for came about. */
export class DeadlineError extends EngineError {
  override readonly name = 'DeadlineError';
}

export function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  const late = (): Error => new DeadlineError(`Kafka, ${what}: no answer in ${Math.ceil(timeoutMs)} ms`);
  return withDeadline(timeoutMs, promise, late);
}

/** For what is only tidying up. */
export async function quietly(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => undefined);
}

export function asEngineError(what: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  return new EngineError(`Kafka, ${what}: ${messageOf(error)}`, { cause: error });
}

/** An `EngineError` of what the driver threw; anything else stays what it is. */
export function ofDriver(what: string, error: unknown): unknown {
  return error instanceof KafkaJSError ? asEngineError(what, error) : error;
}

/** Kafka's name of what went wrong, wherever in the driver's wrappings it is. */
export function faultType(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('type' in error && typeof error.type === 'string') return error.type;
  return 'cause' in error ? faultType(error.cause) : undefined;
}

/** The cluster answered that it can't do this now: a leader or a coordinator is being chosen. */
export function isPassing(error: unknown): boolean {
  if (error instanceof EngineError) return isPassing(error.cause);
  return error instanceof KafkaJSProtocolError && error.retriable;
}
