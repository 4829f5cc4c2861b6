import type { JsonObject } from '#libs/core';
import { callObject, textOf } from '../api';
import { pause } from '../connect';
import { CliError } from '../verb';
import type { Connection } from '../verb';

const POLL_MS = 50;
const DEADLINE_MS = 900_000;

export interface RebuildTimes {
  readonly events: number;
  /** Until everything is folded. */
  readonly buildMs: number;
  /** With the comparison and the switch. */
  readonly wholeMs: number;
  readonly parity: JsonObject[string] | undefined;
}

/** Asks for something to be built beside, by `POST path`, and follows it until it serves. Throws where it failed. */
export async function followRebuild(connection: Connection, path: string): Promise<RebuildTimes> {
  const startedMs = performance.now();
  const { rebuildId } = await callObject(connection, 'POST', path);
  let buildMs: number | undefined;
  while (performance.now() - startedMs < DEADLINE_MS) {
    const status = await callObject(connection, 'GET', `/v1/rebuilds/${textOf(rebuildId)}`);
    const { state, events, parity, fault } = status;
    const sinceMs = performance.now() - startedMs;
    if (state !== 'building') buildMs ??= sinceMs;
    if (state === 'failed') throw new CliError(`a rebuild failed: ${textOf(fault)}`);
    if (state === 'done')
      return { events: Number(events), buildMs: buildMs ?? sinceMs, wholeMs: sinceMs, parity };
    await pause(POLL_MS);
  }
  throw new CliError('a rebuild did not end');
}
