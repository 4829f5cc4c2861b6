import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { join } from 'node:path';

/** What ends a server; it knows SIGINT and SIGTERM only, a terminal that closes is told as the latter. */
const SIGNALS = { SIGINT: 'SIGINT', SIGTERM: 'SIGTERM', SIGHUP: 'SIGTERM' } as const;

/** A shell's exit code for a process that a signal ended. */
export const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Roles that are there. */
export const ROLES = ['standalone', 'command-api', 'relay', 'projector', 'query-api'] as const;
export type ServedRole = (typeof ROLES)[number];

/** A role's entry, as built. */
export function serverEntry(role: ServedRole = 'standalone'): string {
  return join(__dirname, `../../${role}/src/main.js`);
}

/** As in `npm start`: the heap's own limits keep the server's memory flat while a bulk streams in. */
export const NODE_FLAGS = ['--enable-source-maps', '--max-old-space-size=320', '--max-semi-space-size=8'];

interface SpawnOptions {
  readonly role?: ServedRole;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdio: StdioOptions;
}

/**
 * A role, as built, in a process group of its own. A terminal signals its whole foreground group, and a
 * server takes the second signal as "at once": so only this process hears the terminal, and passes each signal on once.
 */
export function spawnServer({ role, args, env, stdio }: SpawnOptions): ChildProcess {
  const options = { env: { ...process.env, ...env }, stdio, detached: true };
  return spawn(process.execPath, [...NODE_FLAGS, serverEntry(role), ...args], options);
}

/** Calls `heard` with what to tell a server, and with what was heard; returns how to stop listening. */
export function onSignals(heard: (tell: NodeJS.Signals, signal: keyof typeof SIGNALS) => void): () => void {
  const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const listener = (): void => heard(SIGNALS[signal], signal);
    process.on(signal, listener);
    return () => process.removeListener(signal, listener);
  });
  return () => listeners.forEach((remove) => remove());
}
