import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import { isUuid } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { HistoryPage, HistoryQuery, RecordEntry } from '#libs/contracts';
import { Policy, ProblemError, refuseQuery } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { History, Reader } from '#libs/runtime';
import { knownCustomer, pageOf, queryOf, waitingOf } from './answering';

@Controller('v1')
@Policy('history')
@ApiTags('history')
export class HistoryController {
  constructor(
    private readonly reader: Reader,
    private readonly history: History,
  ) {}

  /** Answered from the log itself, so it has always reached every acknowledged revision. */
  @Get('customers/:customerId/history')
  @ApiQuery({ type: HistoryQuery })
  @ApiOkResponse({ type: HistoryPage })
  async page(
    @Param('customerId') id: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<{ items: readonly JsonObject[]; next: string | null }> {
    const query = queryOf(HistoryQuery, request);
    const customerId = await knownCustomer(this.reader, id);
    const after = query.cursor === undefined ? query.after : revisionOf(query.cursor);
    const range = {
      ...(query.from === undefined ? {} : { from: query.from }),
      ...(query.to === undefined ? {} : { to: query.to }),
      ...(after === undefined ? {} : { after }),
    };
    const head = await this.history.headRevision(customerId, waitingOf(query));
    reply.header('touchstone-revision', String(head));
    if (query.waitFor !== undefined && head < query.waitFor) reply.header('touchstone-stale', 'true');
    const { items, next } =
      query.form === 'record'
        ? await this.history.records(customerId, range, query.limit)
        : await this.history.events(customerId, range, query.limit);
    return pageOf(items, next === undefined ? undefined : cursorOf(next));
  }

  @Get('events/:eventId')
  @ApiOkResponse({ type: RecordEntry })
  async event(@Param('eventId') id: string, @Req() request: ApiRequest): Promise<JsonObject> {
    refuseQuery(request);
    const eventId = id.toLowerCase();
    const record = isUuid(eventId) ? await this.history.record(eventId) : undefined;
    if (record === undefined) throw new ProblemError('event-not-found', 'There is no such event.');
    return record;
  }
}

function cursorOf(revision: number): string {
  return Buffer.from(`h${revision}`).toString('base64url');
}

function revisionOf(cursor: string): number {
  const match = /^h(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match?.[1] === undefined)
    throw new ProblemError('invalid-cursor', 'This cursor is not one of this query’s.');
  return Number(match[1]);
}
