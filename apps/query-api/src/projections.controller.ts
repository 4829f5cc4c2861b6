import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { isJsonObject } from '#libs/core';
import {
  ProjectionStatus,
  RebuildAccepted,
  RebuildStatus,
  VerificationAccepted,
  VerificationStatus,
} from '#libs/contracts';
import { Policy, ProblemError, refuseFields, refuseQuery } from '#libs/nest';
import type { ApiRequest } from '#libs/nest';
import { ProjectionAdmin, VERIFY_SCOPES } from '#libs/runtime';
import type {
  ProjectionStatus as Status,
  RebuildStatus as Rebuild,
  VerificationStatus as Verification,
} from '#libs/runtime';

const BUSY = 'A rebuild or a verification is running; ask again when it is done.';

@Controller('v1')
@ApiTags('projections')
export class ProjectionsController {
  constructor(private readonly admin: ProjectionAdmin) {}

  @Get('projections')
  @Policy('projections-read')
  @ApiOkResponse({ type: [ProjectionStatus] })
  list(@Req() request: ApiRequest): Promise<readonly Status[]> {
    refuseQuery(request);
    return this.admin.projections();
  }

  /** `all` rebuilds every one of them together. */
  @Post('projections/:name/rebuild')
  @Policy('projections-change')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: RebuildAccepted })
  rebuild(@Param('name') name: string, @Req() request: ApiRequest): Promise<{ rebuildId: string }> {
    return this.#begin(name, request, (names) => this.admin.rebuild(names));
  }

  /** The group that served before catches up and serves again; `all` where one group served all of them. */
  @Post('projections/:name/rollback')
  @Policy('projections-change')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: RebuildAccepted })
  rollback(@Param('name') name: string, @Req() request: ApiRequest): Promise<{ rebuildId: string }> {
    const { principal } = request;
    const actor = { kind: 'user', id: principal.keyId } as const;
    return this.#begin(name, request, (names) => this.admin.rollback(names, actor));
  }

  /** Tries the parked customers of the groups again that serve these projections. */
  @Post('projections/:name/retry')
  @Policy('projections-change')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: RebuildAccepted })
  retry(@Param('name') name: string, @Req() request: ApiRequest): Promise<{ rebuildId: string }> {
    return this.#begin(name, request, (names) => this.admin.retry(names));
  }

  async #begin(
    name: string,
    request: ApiRequest,
    begin: (names: readonly string[]) => Promise<string | undefined>,
  ): Promise<{ rebuildId: string }> {
    refuseQuery(request);
    refuseFields(request);
    const names = (await this.admin.projections()).map((projection) => projection.name);
    const chosen = name === 'all' ? names : names.filter((known) => known === name);
    if (chosen.length === 0) throw new ProblemError('projection-not-found', 'There is no such projection.');
    const rebuildId = await begin(chosen);
    if (rebuildId === undefined) throw new ProblemError('rebuild-running', BUSY);
    return { rebuildId };
  }

  @Get('rebuilds/:rebuildId')
  @Policy('projections-read')
  @ApiOkResponse({ type: RebuildStatus })
  async status(@Param('rebuildId') rebuildId: string, @Req() request: ApiRequest): Promise<Rebuild> {
    refuseQuery(request);
    const status = await this.admin.rebuildStatus(rebuildId);
    if (status === undefined) throw new ProblemError('rebuild-not-found', 'There is no such rebuild.');
    return status;
  }

  /** Body `{scope: "ledger" | "readmodels"}`: recomputes from the log and names what differs; changes nothing. */
  @Post('verifications')
  @Policy('verify')
  @HttpCode(202)
  @ApiBody({
    schema: {
      type: 'object',
      required: ['scope'],
      additionalProperties: false,
      properties: { scope: { type: 'string', enum: [...VERIFY_SCOPES] } },
    },
  })
  @ApiAcceptedResponse({ type: VerificationAccepted })
  async verify(@Req() request: ApiRequest): Promise<{ verificationId: string }> {
    refuseQuery(request);
    const body: unknown = request.body;
    const scope = VERIFY_SCOPES.find((known) => isJsonObject(body) && body['scope'] === known);
    if (scope === undefined || Object.keys(Object(body)).length !== 1) {
      throw new ProblemError('invalid-body', 'The body does not fit its contract.', {
        errors: [
          { pointer: '/scope', message: `must be one of ${VERIFY_SCOPES.join(' ')}, and nothing else` },
        ],
      });
    }
    const verificationId = await this.admin.verify(scope);
    if (verificationId === undefined) throw new ProblemError('rebuild-running', BUSY);
    return { verificationId };
  }

  @Get('verifications/:verificationId')
  @Policy('verify')
  @ApiOkResponse({ type: VerificationStatus })
  async verification(
    @Param('verificationId') verificationId: string,
    @Req() request: ApiRequest,
  ): Promise<Verification> {
    refuseQuery(request);
    const status = await this.admin.verification(verificationId);
    if (status === undefined) throw new ProblemError('rebuild-not-found', 'There is no such verification.');
    return status;
  }
}
