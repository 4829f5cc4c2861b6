import { instantOf } from '#libs/core';
import type { Clock } from '#libs/core';
import type { Actor } from '#libs/trust';
import { fitModel } from './fit-model';
import type { FitPorts } from './fit-model';
import type { FitOutcome, FitRequest, ModelWriter } from './model-writer';
import type { Models } from './models';
import type { ProjectionAdmin } from './projection-admin';

export interface ModelCommandPorts extends FitPorts {
  readonly models: Models;
  readonly writer: ModelWriter;
  readonly admin: Pick<ProjectionAdmin, 'activate'>;
  readonly clock: Clock;
}

/** How far ahead `asOf` may lie, as `occurredAt` may. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1_000;

/** Fitting a model and making one the active one. */
export class ModelCommands {
  constructor(private readonly ports: ModelCommandPorts) {}

  async fit(request: FitRequest): Promise<FitOutcome | { readonly outcome: 'in-future' }> {
    const { writer, clock } = this.ports;
    if (request.asOf > instantOf(clock.nowMs() + MAX_AHEAD_MS)) return { outcome: 'in-future' };
    return writer.fit(request, (modelId) => fitModel(this.ports, modelId, request.asOf));
  }

  /** `busy` where a rebuild or verification is running. */
  async activate(
    modelId: string,
    actor: Actor,
  ): Promise<{ readonly rebuildId: string } | 'unknown' | 'busy'> {
    const { models, admin } = this.ports;
    if ((await models.find(modelId)) === undefined) return 'unknown';
    const rebuildId = await admin.activate(modelId, actor);
    return rebuildId === undefined ? 'busy' : { rebuildId };
  }
}
