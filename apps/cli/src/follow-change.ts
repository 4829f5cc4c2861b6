import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { callObject, textOf } from './api';
import { grouped } from './import/progress';
import { followTask } from './task';
import type { Connection, VerbContext } from './verb';

/** A change of what serves queries that is over. */
export interface Change {
  /** As `GET /v1/rebuilds/{rebuildId}` answers it. */
  readonly status: JsonObject;
  readonly done: boolean;
  readonly seconds: string;
}

/** Asks for a rebuild, rollback, retry or activation and follows it until it is over. */
export async function followChange(
  connection: Connection,
  path: string,
  context: VerbContext,
): Promise<Change> {
  const startedMs = Date.now();
  const { rebuildId } = await callObject(connection, 'POST', path);
  const status = await followTask(connection, `/v1/rebuilds/${textOf(rebuildId)}`, context);
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  return { status, done: status['state'] === 'done', seconds };
}

/** `undecided` and `parked` of a parity, where there are any: documents that are neither equal nor different. */
export function describeUncompared(parity: JsonObject): string {
  const { undecided, parked } = parity;
  const moving = countOf(undecided) === 0 ? '' : `  ${grouped(countOf(undecided))} moved all the while\n`;
  const waiting = countOf(parked) === 0 ? '' : `  ${grouped(countOf(parked))} are of parked customers\n`;
  return moving + waiting;
}

export function parityOf({ parity }: JsonObject): JsonObject | undefined {
  return isJsonObject(parity) ? parity : undefined;
}

export function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
