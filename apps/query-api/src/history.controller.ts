import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiQuery, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { isUuid } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { HistoryPage, HistoryQuery, RecordEntry, RecordPage } from '#libs/contracts';
import { Policy, ProblemError, refuseQuery } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { History, Reader } from '#libs/runtime';
import { answered, answerFromLog, askedPage, knownCustomer, pageOf, queryOf } from './answering';
import { HistoryCursors } from './history-cursors';

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
  @ApiExtraModels(HistoryPage, RecordPage)
  @ApiOkResponse({
    description: 'Records where the form of records is asked for, else events with their data unsealed.',
    // A page without items is one of both.
    schema: { anyOf: [HistoryPage, RecordPage].map((page) => ({ $ref: getSchemaPath(page) })) },
  })
  async page(
    @Param('customerId') id: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<{ items: readonly JsonObject[]; next: string | null }> {
    const { reader, history } = this;
    const query = queryOf(HistoryQuery, request);
    const customerId = await knownCustomer(reader, id);
    const cursors = new HistoryCursors(customerId, query);
    const { limit, cursor } = askedPage(query);
    const after = cursor === undefined ? query.after : await answered(cursors.read(cursor));
    const range = {
      ...(query.from === undefined ? {} : { from: query.from }),
      ...(query.to === undefined ? {} : { to: query.to }),
      ...(after === undefined ? {} : { after }),
    };
    await answerFromLog(reply, { reader, history }, customerId, query);
    const { items, next } =
      query.form === 'record'
        ? await history.records(customerId, range, limit)
        : await history.events(customerId, range, limit);
    return pageOf(items, next === undefined ? undefined : cursors.write(next));
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
