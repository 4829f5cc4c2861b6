import { once } from 'node:events';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { customerStream } from '#libs/core';
import type { EventLog, StoredRecord } from '#libs/core';
import { FeedQuery } from '#libs/contracts';
import { Lifecycle, Policy, ProblemError } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { History } from '#libs/runtime';
import { queryOf } from './answering';
import { LogOf } from './log-of';

/** A comment that keeps proxies and sockets from giving an idle feed up. */
const HEARTBEAT_MS = 15_000;
const STREAM_PAGE = 500;
const POSITION = /^\d{1,16}$/;

/** Server-sent events of the log itself, from the start or after `Last-Event-ID`, in order, without gaps. */
@Controller('v1/feed')
@Policy('feed')
@ApiTags('history')
export class FeedController {
  readonly #log: EventLog;

  constructor(
    private readonly history: History,
    private readonly lifecycle: Lifecycle,
    log: LogOf,
  ) {
    this.#log = log.log;
  }

  @Get()
  @ApiOperation({ summary: 'Server-sent events: id = position, event = type, data as in history' })
  @ApiQuery({ type: FeedQuery })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Only events after this position.' })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  async follow(@Req() request: ApiRequest, @Res() reply: ApiReply): Promise<void> {
    const { customer, types } = queryOf(FeedQuery, request);
    const wanted = types === undefined ? undefined : new Set(types.split(','));
    const after = lastEventId(request);
    reply.header('content-type', 'text/event-stream; charset=utf-8');
    if (request.method === 'HEAD') {
      await reply.send();
      return;
    }
    const aborted = new AbortController();
    reply.hijack();
    const { raw } = reply;
    raw.on('close', () => aborted.abort());
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) raw.setHeader(name, value);
    raw.writeHead(200, { 'x-accel-buffering': 'no' });
    raw.write(': touchstone feed\n\n');
    const heartbeat = setInterval(() => {
      if (this.lifecycle.stopping) aborted.abort();
      else raw.write(': still here\n\n');
    }, HEARTBEAT_MS);
    const stopping = setInterval(() => this.lifecycle.stopping && aborted.abort(), 250);
    try {
      for await (const records of this.#records(customer, after, aborted.signal)) {
        for await (const entry of this.history.entriesOf(records)) {
          const { type, position } = entry;
          if (wanted !== undefined && !wanted.has(type)) continue;
          const sent = raw.write(`id: ${position}\nevent: ${type}\ndata: ${JSON.stringify(entry)}\n\n`);
          // A reader that does not read holds nobody up but itself, and costs no memory here.
          if (!sent && !aborted.signal.aborted) await once(raw, 'drain', { signal: aborted.signal });
        }
      }
    } catch (error) {
      if (!aborted.signal.aborted) raw.destroy(error instanceof Error ? error : undefined);
    } finally {
      clearInterval(heartbeat);
      clearInterval(stopping);
      raw.end();
    }
  }

  /** Of one customer: the customer's own stream first, then the log's tail from where it ended. */
  async *#records(
    customer: string | undefined,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoredRecord[]> {
    if (customer === undefined) {
      yield* this.#log.follow(after, signal);
      return;
    }
    const stream = customerStream(customer);
    const tail = await this.#log.lastPosition();
    for (let from = 0; !signal.aborted; from += STREAM_PAGE) {
      const page = await this.#log.readStream(stream, from, STREAM_PAGE);
      yield page.filter(({ position }) => position > after && position <= tail);
      if (page.length < STREAM_PAGE) break;
    }
    for await (const records of this.#log.follow(Math.max(after, tail), signal)) {
      yield records.filter((record) => record.stream === stream);
    }
  }
}

function lastEventId({ headers }: ApiRequest): number {
  const id = headers['last-event-id'];
  if (id === undefined || id === '') return 0;
  if (typeof id === 'string' && POSITION.test(id)) return Number(id);
  throw new ProblemError('invalid-header', 'Last-Event-ID must be a position that this feed gave out.');
}
