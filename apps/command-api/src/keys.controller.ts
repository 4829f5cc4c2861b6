import { Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiKeyCreated, ApiKeyPage, check, CreateApiKey } from '#libs/contracts';
import { bodyOf, Policy, ProblemError, refusalToProblem, refuseFields, refuseQuery } from '#libs/nest';
import type { ApiRequest } from '#libs/nest';
import { ApiKeys } from '#libs/runtime';
import type { ApiKeyInfo, CreatedApiKey } from '#libs/runtime';

@Controller('v1/keys')
@Policy('keys')
@ApiTags('keys')
export class KeysController {
  constructor(private readonly keys: ApiKeys) {}

  /** The key itself is in this answer and nowhere else. */
  @Post()
  @ApiBody({ type: CreateApiKey })
  @ApiCreatedResponse({ type: ApiKeyCreated })
  async create(@Req() request: ApiRequest): Promise<CreatedApiKey> {
    refuseQuery(request);
    const { name, roles, expiresAt } = bodyOf(check(CreateApiKey, request.body));
    const created = await this.keys.create({
      name,
      roles,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    });
    if ('refused' in created) throw refusalToProblem(created.refused);
    return created;
  }

  @Get()
  @ApiOkResponse({ type: ApiKeyPage })
  async list(@Req() request: ApiRequest): Promise<{ items: readonly ApiKeyInfo[]; next: null }> {
    refuseQuery(request);
    return { items: await this.keys.list(), next: null };
  }

  @Delete(':keyId')
  @HttpCode(204)
  async revoke(@Param('keyId') keyId: string, @Req() request: ApiRequest): Promise<void> {
    refuseQuery(request);
    refuseFields(request);
    if (!(await this.keys.revoke(keyId))) throw new ProblemError('key-not-found', 'There is no such key.');
  }
}
