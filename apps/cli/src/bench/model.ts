import { isJsonObject } from '#libs/core';
import { callObject, textOf } from '../api';
import type { Connection } from '../verb';
import { END_MS } from './generate';
import { followRebuild } from './rebuild-task';
import type { RebuildTimes } from './rebuild-task';

export interface Fitted {
  readonly modelId: string;
  /** How many customers it was fitted to. */
  readonly population: number;
  readonly tookMs: number;
}

/** `POST /v1/models`: quintiles of all who had bought something. Waits, as it does, for purchases that are not folded yet. */
export async function fitModel(connection: Connection): Promise<Fitted> {
  const body = { kind: 'rfm', asOf: new Date(END_MS).toISOString() };
  const startedMs = performance.now();
  const { modelId, parameters } = await callObject(connection, 'POST', '/v1/models', body);
  const tookMs = performance.now() - startedMs;
  const population = isJsonObject(parameters) ? Number(parameters['population']) : 0;
  return { modelId: textOf(modelId), population, tookMs };
}

/** Builds everybody's segments by a model, and waits until they are served. */
export function activateModel(connection: Connection, modelId: string): Promise<RebuildTimes> {
  return followRebuild(connection, `/v1/models/${modelId}/activate`);
}
