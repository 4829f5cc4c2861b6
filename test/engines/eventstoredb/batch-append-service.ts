import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import type { Message } from 'google-protobuf';
import { status } from '@grpc/grpc-js';
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import * as shared from '@eventstore/db-client/generated/shared_pb';
import type { UUID } from '@eventstore/db-client/generated/shared_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb';
import { ANSWERED_BY_TEXT, asFailure, Failure } from './failures';
import { expectedOf, proposedEvent, sizeOf, streamName, uuidText } from './proposals';
import type { Expected, ProposedEvent } from './records';
import type { WriteOutcome } from './store';
import { NO_REPLY } from './writes';
import type { Writes } from './writes';

type Call = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;

/** The server's WriteTimeoutMs: a batch whose last chunk has not come by then is given up. */
const WRITE_TIMEOUT_MS = 2_000;
const MS = { second: 1_000, nano: 1e-6 };

interface Batch {
  readonly correlation: UUID | undefined;
  readonly stream: string;
  readonly expected: Expected;
  readonly events: ProposedEvent[];
  readonly timer: NodeJS.Timeout;
  bytes: number;
}

/** Appends of many streams over one call, in chunks that may be interleaved: what the client uses by default. */
export function batchAppendService(
  writes: Writes,
  maxAppendBytes: number,
): handleBidiStreamingCall<BatchAppendReq, BatchAppendResp> {
  return (call) => {
    const worker = new BatchWorker(call, writes, maxAppendBytes);
    call.on('data', (request: BatchAppendReq) => worker.take(request));
    call.on('end', () => worker.end());
    call.on('cancelled', () => worker.abandon());
    call.on('error', () => worker.abandon());
  };
}

class BatchWorker {
  #batches = new Map<string, Batch>();
  #answersDue = 0;
  #ended = false;
  #closed = false;

  constructor(
    private readonly call: Call,
    private readonly writes: Writes,
    private readonly maxAppendBytes: number,
  ) {}

  take(request: BatchAppendReq): void {
    const correlation = request.getCorrelationId();
    let id: string | undefined;
    try {
      id = uuidText(correlation);
      this.#take(id, request);
    } catch (error) {
      if (id !== undefined) this.#close(id);
      const bad = new shared.BadRequest().setMessage(error instanceof Error ? error.message : 'bad request');
      const response = refusal(status.INVALID_ARGUMENT, 'Bad Request', bad, 'BadRequest');
      const identifier = request.getOptions()?.getStreamIdentifier();
      this.#send(response.setCorrelationId(correlation).setStreamIdentifier(identifier));
    }
  }

  #take(id: string, request: BatchAppendReq): void {
    const options = request.getOptions();
    if (options !== undefined && !this.#open(id, request, options)) return;
    const batch = this.#batches.get(id);
    if (batch === undefined) return;
    for (const message of request.getProposedMessagesList()) {
      const event = proposedEvent(message);
      batch.bytes += sizeOf(event);
      batch.events.push(event);
    }
    if (batch.bytes > this.maxAppendBytes) {
      const limit = new shared.MaximumAppendSizeExceeded().setMaxappendsize(this.maxAppendBytes);
      const [text, type] = ['Maximum Append Size Exceeded', 'MaximumAppendSizeExceeded'];
      this.#close(id);
      return this.#answer(batch, refusal(status.INVALID_ARGUMENT, text, limit, type));
    }
    if (!request.getIsFinal()) return;
    this.#close(id);
    this.#write(batch);
  }

  /** False where there is no time left. */
  #open(id: string, request: BatchAppendReq, options: BatchAppendReq.Options): boolean {
    const revision = options.hasStreamPosition() ? options.getStreamPosition() : undefined;
    const timeoutMs = Math.min(timeLeftMs(options), WRITE_TIMEOUT_MS);
    const batch = {
      correlation: request.getCorrelationId(),
      stream: streamName(options.getStreamIdentifier()),
      expected: expectedOf(options, revision),
      events: [],
      bytes: 0,
    };
    const giveUp = (): void => {
      if (this.#batches.delete(id) || timeoutMs <= 0) this.#answer(batch, timeout());
    };
    if (timeoutMs <= 0) {
      giveUp();
      return false;
    }
    this.#batches.set(id, { ...batch, timer: setTimeout(giveUp, timeoutMs) });
    return true;
  }

  #close(id: string): void {
    clearTimeout(this.#batches.get(id)?.timer);
    this.#batches.delete(id);
  }

  #write(batch: Batch): void {
    this.#answersDue++;
    this.writes
      .append(batch.stream, batch.expected, batch.events)
      .then((outcome) => {
        if (outcome !== NO_REPLY) this.#answer(batch, responseOf(batch, outcome));
      })
      .catch((error: unknown) => this.#failed(batch, error))
      .finally(() => {
        this.#answersDue--;
        this.#endIfDone();
      });
  }

  #failed(batch: Batch, error: unknown): void {
    if (error instanceof Failure && error.code === status.ABORTED) return this.#answer(batch, timeout());
    if (error instanceof Failure && ANSWERED_BY_TEXT.has(error.details)) {
      return this.#answer(batch, refusal(status.OK, error.details, new Empty(), undefined));
    }
    // Everything that waits on this call loses its answer with it.
    this.#closed = true;
    this.call.emit('error', asFailure(error));
  }

  #answer(batch: Pick<Batch, 'correlation' | 'stream'>, response: BatchAppendResp): void {
    const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(batch.stream));
    this.#send(response.setCorrelationId(batch.correlation).setStreamIdentifier(identifier));
  }

  #send(response: BatchAppendResp): void {
    if (!this.#closed) this.call.write(response);
  }

  end(): void {
    this.#ended = true;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#ended || this.#answersDue > 0 || this.#closed) return;
    this.#closed = true;
    this.call.end();
  }

  abandon(): void {
    this.#closed = true;
    for (const id of this.#batches.keys()) this.#close(id);
  }
}

function timeLeftMs(options: BatchAppendReq.Options): number {
  const deadline = options.getDeadline();
  if (deadline === undefined) return Infinity;
  return deadline.getSeconds() * MS.second + deadline.getNanos() * MS.nano - Date.now();
}

function refusal(code: status, message: string, details: Message, name: string | undefined): BatchAppendResp {
  const any = new Any();
  any.pack(
    details.serializeBinary(),
    name === undefined ? 'google.protobuf.Empty' : `event_store.client.${name}`,
  );
  // The codes of google.rpc and of gRPC are the same numbers.
  const error = new Status()
    .setCode(code as number)
    .setMessage(message)
    .setDetails(any);
  return new BatchAppendResp().setError(error);
}

const timeout = (): BatchAppendResp =>
  refusal(status.DEADLINE_EXCEEDED, 'Timeout', new shared.Timeout(), 'Timeout');

function responseOf(batch: Batch, outcome: WriteOutcome): BatchAppendResp {
  switch (outcome.kind) {
    case 'written': {
      const success = new BatchAppendResp.Success();
      if (outcome.revision < 0) success.setNoStream(new Empty());
      else success.setCurrentRevision(String(outcome.revision));
      if (outcome.position === undefined)
        return new BatchAppendResp().setSuccess(success.setNoPosition(new Empty()));
      const position = new shared.AllStreamPosition()
        .setCommitPosition(String(outcome.position))
        .setPreparePosition(String(outcome.position));
      return new BatchAppendResp().setSuccess(success.setPosition(position));
    }
    case 'deleted': {
      const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(batch.stream));
      const deleted = new shared.StreamDeleted().setStreamIdentifier(identifier);
      return refusal(
        status.FAILED_PRECONDITION,
        `Event stream '${batch.stream}' is deleted.`,
        deleted,
        'StreamDeleted',
      );
    }
    case 'wrong-expected-version':
      return refusal(
        status.ALREADY_EXISTS,
        'Wrong Expected Version',
        wrongExpectedVersion(batch.expected, outcome.current),
        'WrongExpectedVersion',
      );
  }
}

function wrongExpectedVersion(expected: Expected, current: number): shared.WrongExpectedVersion {
  const wrong = new shared.WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(new Empty());
  else wrong.setCurrentStreamRevision(String(current));
  switch (expected.kind) {
    case 'any':
      return wrong.setExpectedAny(new Empty());
    case 'no-stream':
      return wrong.setExpectedNoStream(new Empty());
    case 'stream-exists':
      return wrong.setExpectedStreamExists(new Empty());
    case 'exact':
      return wrong.setExpectedStreamPosition(String(expected.revision));
  }
}
