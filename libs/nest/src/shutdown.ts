import type { Logger } from 'pino';
import { withDeadline } from '#libs/core';
import type { Lifecycle } from './health';
import { faultFields } from './logger';

/** How long requests in flight may take after the signal. */
const GRACE_MS = 10_000;
/** How long what the process has open may take to close after that: together less than a supervisor waits before it kills. */
const CLOSING_MS = 18_000;
/** How often connections that have become idle are closed meanwhile. */
const SWEEP_MS = 100;

/** Of Node's http.Server what stopping needs. */
export interface StoppableServer {
  readonly listening: boolean;
  close(done: (error?: Error) => void): unknown;
  closeIdleConnections(): void;
  closeAllConnections(): void;
}

export interface StoppableApp {
  getHttpServer(): StoppableServer;
  close(): Promise<void>;
}

export interface StopOptions {
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly graceMs?: number;
  readonly closingMs?: number;
}

/**
 * Nest's own close ends modules before requests: theirs would meet closed engines. So first no new connections, not
 * ready, answers with `Connection: close`; then requests in flight finish, at most `graceMs`; then the modules end. Throws
 * where that takes longer than `closingMs`: nothing is lost by a process that ends before its connections are closed.
 */
export async function stopGracefully(app: StoppableApp, options: StopOptions): Promise<void> {
  const { lifecycle, logger, graceMs = GRACE_MS, closingMs = CLOSING_MS } = options;
  lifecycle.stopping = true;
  const server = app.getHttpServer();
  if (server.listening) {
    const drained = await drain(server, graceMs);
    if (!drained) logger.warn({ graceMs }, 'requests were still in flight and are cut off');
  }
  await withDeadline(
    closingMs,
    app.close(),
    () => new Error(`what is open was not closed within ${closingMs} ms`),
  );
}

function drain(server: StoppableServer, graceMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const deadline = setTimeout(() => finish(false), graceMs);
    const finish = (drained: boolean): void => {
      clearInterval(sweep);
      clearTimeout(deadline);
      if (!drained) server.closeAllConnections();
      resolve(drained);
    };
    server.close(() => finish(true));
  });
}

export interface SignalOptions extends StopOptions {
  /** Where signals come from and what ends the process: the process itself but in tests. */
  readonly host?: Pick<NodeJS.Process, 'on' | 'exit'> & Partial<Pick<NodeJS.Process, 'exitCode'>>;
}

/** First SIGTERM or SIGINT: graceful, exit 0 (1 where stopping fails, or where the process has set a code itself). Second: at once, exit 1. */
export function stopOnSignals(app: StoppableApp, options: SignalOptions): void {
  const { logger, lifecycle, host = process } = options;
  const stop = async (): Promise<void> => {
    let exitCode = Number(host.exitCode ?? 0);
    try {
      await stopGracefully(app, options);
    } catch (error) {
      logger.fatal({ fault: faultFields(error) }, 'stopping failed');
      exitCode = 1;
    }
    logger.flush();
    host.exit(exitCode);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (lifecycle.stopping) {
      host.exit(1);
      return;
    }
    logger.info({ signal }, 'stopping');
    void stop();
  };
  host.on('SIGTERM', onSignal);
  host.on('SIGINT', onSignal);
}
