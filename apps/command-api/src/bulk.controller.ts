import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { ApiBodyOptions } from '@nestjs/swagger';
import { BULK_COMMANDS, BulkQuery, BulkResult, checkQuery } from '#libs/contracts';
import { contentCodingOf, idempotencyKeyOf, MAX_BODY_BYTES, Ndjson, Policy, ProblemError } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import { RunBulk } from './bulk.handler';
import type { LineResult } from './bulk.handler';
import { bulkLines, inChunks } from './bulk-lines';
import { actorOf } from './dispatch';

/** Lines that travel as one command. */
const CHUNK = { lines: 250, bytes: 1024 * 1024 };
/** Lines whose events may be on their way to the disk while more are read: bounds memory, keeps the writer busy. */
const WINDOW_CHUNKS = 4;
/** Rejected lines that the plain answer names; `?errors=ndjson` names all. */
const MAX_ERRORS = 1_000;

const NDJSON_TYPE = 'application/x-ndjson';

const LINES: ApiBodyOptions = {
  description:
    'One command a line: the members of the body of its own route, those of its path, and `command`, which is ' +
    `one of ${BULK_COMMANDS.join(', ')}. A status names its touchpoint by \`touchpoint\`: {id} or {source}.`,
  required: true,
  schema: {
    type: 'string',
    example: '{"command":"feedback","customer":{"id":"…"},"type":"praise","content":"Well done"}\n',
  },
};
const ANSWERS = {
  'application/json': { schema: { $ref: getSchemaPath(BulkResult) } },
  [NDJSON_TYPE]: {
    schema: {
      type: 'string',
      description: 'With `errors=ndjson`: each rejected line as {line, code, detail}, then the counts.',
      example:
        '{"line":2,"code":"malformed-body","detail":"…"}\n{"accepted":1,"duplicates":0,"rejected":1}\n',
    },
  },
} as const;

interface Counts {
  accepted: number;
  duplicates: number;
  rejected: number;
}
type Rejected = Extract<LineResult, { readonly result: 'rejected' }>;

@Controller('v1/bulk')
@Policy('commands')
@ApiTags('commands')
export class BulkController {
  constructor(private readonly bus: CommandBus) {}

  @Post()
  @Ndjson()
  @ApiOperation({
    summary: 'One command a line; a bad line never stops the others, an accepted one is durable',
  })
  @ApiConsumes(NDJSON_TYPE)
  @ApiBody(LINES)
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiHeader({ name: 'Content-Encoding', required: false, schema: { type: 'string', enum: ['gzip'] } })
  @ApiQuery({ name: 'errors', required: false, enum: ['ndjson'] })
  @ApiExtraModels(BulkResult)
  @ApiOkResponse({ content: ANSWERS })
  async run(
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<BulkResult | Readable> {
    const query = checkQuery(BulkQuery, { ...Object(request.query) });
    if (!query.ok)
      throw new ProblemError('invalid-query', 'The query does not fit.', { errors: query.errors });
    const counts: Counts = { accepted: 0, duplicates: 0, rejected: 0 };
    const rejected = this.#rejected(request, counts);
    reply.status(200);
    if (query.value.errors === 'ndjson') {
      reply.header('content-type', NDJSON_TYPE);
      return Readable.from(errorLines(rejected, counts));
    }
    const errors: { line: number; code: string; detail: string }[] = [];
    for await (const { line, code, detail } of rejected) {
      if (errors.length < MAX_ERRORS) errors.push({ line, code, detail });
    }
    return { ...counts, errors };
  }

  /** Runs the whole body, counting; yields the lines that were rejected, in order. */
  async *#rejected(request: ApiRequest, counts: Counts): AsyncGenerator<Rejected> {
    const key = idempotencyKeyOf(request.headers);
    const actor = actorOf(request);
    const window: (readonly Promise<LineResult>[])[] = [];
    for await (const lines of inChunks(bulkLines(bodyOf(request), MAX_BODY_BYTES), CHUNK)) {
      window.push(
        await this.bus.execute<RunBulk, readonly Promise<LineResult>[]>(new RunBulk(lines, actor, key)),
      );
      if (window.length >= WINDOW_CHUNKS) yield* settle(window.shift() ?? [], counts);
    }
    for (const chunk of window) yield* settle(chunk, counts);
  }
}

async function* settle(chunk: readonly Promise<LineResult>[], counts: Counts): AsyncGenerator<Rejected> {
  const results = await Promise.all(chunk);
  const rejected: Rejected[] = [];
  for (const result of results) {
    if (result.result === 'accepted') counts.accepted++;
    else if (result.result === 'duplicate') counts.duplicates++;
    else if (result.result === 'rejected') rejected.push(result);
  }
  counts.rejected += rejected.length;
  yield* rejected.toSorted((a, b) => a.line - b.line);
}

async function* errorLines(rejected: AsyncIterable<Rejected>, counts: Counts): AsyncGenerator<string> {
  for await (const { line, code, detail } of rejected) yield `${JSON.stringify({ line, code, detail })}\n`;
  yield `${JSON.stringify(counts)}\n`;
}

function bodyOf(request: ApiRequest): AsyncIterable<Buffer> {
  const { body } = request;
  if (!(body instanceof Readable)) throw new ProblemError('malformed-body', 'There is no body.');
  const coding = contentCodingOf(request);
  if (coding === 'identity') return whole(body, body, 'The body ended before its end.');
  if (coding !== 'gzip') throw new ProblemError('unsupported-media-type', 'Only gzip is understood.');
  const gunzip = createGunzip();
  body.on('error', (error) => gunzip.destroy(error));
  return whole(body, body.pipe(gunzip), 'The body is not a whole gzip stream.');
}

/**
 * A client that breaks off, or sends what can't be unzipped, has made the mistake, not we. What is left of a body that
 * is given up is read and dropped: the client's next request comes behind it, on the same connection.
 */
async function* whole(body: Readable, stream: Readable, fault: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      if (Buffer.isBuffer(chunk)) yield chunk;
    }
  } catch (cause) {
    throw new ProblemError('malformed-body', fault, { cause });
  } finally {
    body.on('error', () => undefined).unpipe();
    body.resume();
    if (stream !== body) stream.destroy();
  }
}
