import { isJsonObject } from '#libs/core';
import { call } from '../api';
import { pause } from '../connect';
import { CliError } from '../verb';
import type { Connection } from '../verb';

const POLL_MS = 50;
const CATCH_UP_DEADLINE_MS = 900_000;

/** Events that the projection that is furthest behind has not folded yet. */
export async function lagOf(connection: Connection): Promise<number> {
  const projections = await call(connection, 'GET', '/v1/projections');
  if (!Array.isArray(projections)) throw new CliError('the server lists no projections');
  return Math.max(
    0,
    ...projections.map((one: unknown) => (isJsonObject(one) ? Number(one['lagEvents']) : 0)),
  );
}

/** Resolves when every projection has folded everything; to how long that took. */
export async function caughtUp(connection: Connection, onLag?: (lag: number) => void): Promise<number> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < CATCH_UP_DEADLINE_MS) {
    const lag = await lagOf(connection);
    if (lag === 0) return performance.now() - startedMs;
    onLag?.(lag);
    await pause(POLL_MS);
  }
  throw new CliError('the projections did not catch up');
}
