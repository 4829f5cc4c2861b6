import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiCreatedResponse, ApiHeader, ApiTags } from '@nestjs/swagger';
import { isUuid } from '#libs/core';
import { check, FitModel, ModelFitted, RebuildAccepted } from '#libs/contracts';
import { bodyOf, idempotencyKeyOf, Policy, ProblemError, refuseFields, refuseQuery } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { modelAnswer, ModelCommands, NotCaughtUpError } from '#libs/runtime';
import { actorOf, problemOf } from './dispatch';

@Controller('v1/models')
@Policy('models-change')
@ApiTags('models')
export class ModelsController {
  constructor(private readonly models: ModelCommands) {}

  /** Freezes the quintiles of everybody who had bought something before `asOf`. Changes nobody's segment yet. */
  @Post()
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiBody({ type: FitModel })
  @ApiCreatedResponse({ type: ModelFitted })
  async fit(
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<Pick<ModelFitted, 'modelId' | 'kind' | 'asOf' | 'parameters'>> {
    refuseQuery(request);
    const { asOf } = bodyOf(check(FitModel, request.body));
    const idempotencyKey = idempotencyKeyOf(request.headers);
    const fitted = await this.models
      .fit({ actor: actorOf(request), asOf, idempotencyKey })
      .catch((error: unknown) => {
        if (!(error instanceof NotCaughtUpError)) throw problemOf(error);
        throw new ProblemError('unavailable', 'The purchases are still being folded.', { cause: error });
      });
    switch (fitted.outcome) {
      case 'in-future':
        throw new ProblemError('occurred-in-future', 'asOf may lie 24 hours ahead, at most.');
      case 'nobody':
        throw new ProblemError('nobody-to-fit', 'Nobody had bought anything before asOf.');
      case 'reused':
        throw new ProblemError('idempotency-key-reused', 'The key was used before, with another body.');
      case 'fitted':
        if (fitted.replayed) reply.header('idempotent-replayed', 'true');
        return modelAnswer(fitted.model);
    }
  }

  /** Builds all read models with the model beside those that serve, compares, and switches. */
  @Post(':modelId/activate')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: RebuildAccepted })
  async activate(@Param('modelId') id: string, @Req() request: ApiRequest): Promise<{ rebuildId: string }> {
    refuseQuery(request);
    refuseFields(request);
    const modelId = id.toLowerCase();
    const activated = isUuid(modelId) ? await this.models.activate(modelId, actorOf(request)) : 'unknown';
    if (activated === 'unknown') throw new ProblemError('model-not-found', 'There is no such model.');
    if (activated === 'busy')
      throw new ProblemError('rebuild-running', 'A rebuild or a verification is running.');
    return activated;
  }
}
