import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { JsonObject, Refused } from '#libs/core';
import { DiffAnswer, DiffQuery, StateAnswer, StateQuery } from '#libs/contracts';
import type { CustomerQuery } from '#libs/contracts';
import { maskProfile, Policy, refusalToProblem } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { AsOf, History, Reader } from '#libs/runtime';
import type { AsOfChange } from '#libs/runtime';
import { answerFromLog, knownCustomer, queryOf } from './answering';

/** A customer as of a moment, and what changed between two: folded from the log, so never behind it. */
@Controller('v1/customers')
@Policy('customers')
@ApiTags('customers')
export class StateController {
  constructor(
    private readonly reader: Reader,
    private readonly history: History,
    private readonly asOf: AsOf,
  ) {}

  @Get(':customerId/state')
  @ApiOperation({ summary: 'Profile, loyalty and segments as they were' })
  @ApiQuery({ type: StateQuery })
  @ApiOkResponse({ type: StateAnswer })
  async state(
    @Param('customerId') id: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<JsonObject> {
    const query = queryOf(StateQuery, request);
    const customerId = await this.#customer(id, query, reply);
    const state = unrefused(await this.asOf.state(customerId, query));
    return request.access === 'masked' ? { ...state, profile: maskProfile(state.profile) } : state;
  }

  @Get(':customerId/diff')
  @ApiOperation({ summary: 'What changed between two revisions or instants, and because of which events' })
  @ApiQuery({ type: DiffQuery })
  @ApiOkResponse({ type: DiffAnswer })
  async diff(
    @Param('customerId') id: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<JsonObject> {
    const query = queryOf(DiffQuery, request);
    const customerId = await this.#customer(id, query, reply);
    const diff = unrefused(await this.asOf.diff(customerId, query));
    return request.access === 'masked' ? { ...diff, changes: diff.changes.filter(isShownMasked) } : diff;
  }

  async #customer(id: string, query: CustomerQuery, reply: ApiReply): Promise<string> {
    const customerId = await knownCustomer(this.reader, id);
    const { reader, history } = this;
    await answerFromLog(reply, { reader, history }, customerId, query);
    return customerId;
  }
}

function unrefused<Answer extends object>(answer: Answer | Refused): Answer {
  if ('refused' in answer) throw refusalToProblem(answer.refused);
  return answer;
}

/** Of the profile only what a mask lets through as it is: it decides by lists of what may pass, and so does this. */
function isShownMasked({ pointer }: AsOfChange): boolean {
  const PROFILE = '/profile/';
  if (!pointer.startsWith(PROFILE)) return pointer !== '/profile';
  const [member = ''] = pointer.slice(PROFILE.length).split('/');
  const PROBE = 'probe';
  return maskProfile({ [member]: PROBE })[member] === PROBE;
}
