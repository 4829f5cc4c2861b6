import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ModelInfo, ModelPage } from '#libs/contracts';
import { Policy, ProblemError, refuseQuery } from '#libs/nest';
import type { ApiRequest } from '#libs/nest';
import { modelAnswer, Models } from '#libs/runtime';

@Controller('v1/models')
@Policy('models-read')
@ApiTags('models')
export class ModelQueriesController {
  constructor(private readonly models: Models) {}

  @Get()
  @ApiOkResponse({ type: ModelPage })
  async list(@Req() request: ApiRequest): Promise<ModelPage> {
    refuseQuery(request);
    const active = await this.models.active();
    const items = (await this.models.list()).map(({ model, fittedAt, activatedAt }) => {
      return { ...modelAnswer(model), fittedAt, activatedAt, active: model.modelId === active };
    });
    return { items, next: null };
  }

  @Get(':modelId')
  @ApiOkResponse({ type: ModelInfo })
  async one(@Param('modelId') id: string, @Req() request: ApiRequest): Promise<ModelInfo> {
    const { items } = await this.list(request);
    const found = items.find(({ modelId }) => modelId === id.toLowerCase());
    if (found === undefined) throw new ProblemError('model-not-found', 'There is no such model.');
    return found;
  }
}
