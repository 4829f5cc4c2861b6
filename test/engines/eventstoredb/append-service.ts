import type { handleClientStreamingCall, sendUnaryData } from '@grpc/grpc-js';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb';
import { asFailure, failures } from './failures';
import { expectedOf, proposedEvent, sizeOf, streamName } from './proposals';
import { TOMBSTONE } from './records';
import type { Expected, ProposedEvent } from './records';
import type { WriteOutcome } from './store';
import { NO_REPLY } from './writes';
import type { Writes } from './writes';

type Append = handleClientStreamingCall<AppendReq, AppendResp>;

/** Append with one reply: what the client uses for a call with credentials of its own. */
export function appendService(writes: Writes, maxAppendBytes: number): Append {
  return (call, callback) => {
    const request = new AppendRequest(maxAppendBytes);
    let over = false;
    const fail = (error: unknown): void => {
      over = true;
      callback(asFailure(error));
    };
    call.on('error', () => (over = true));
    call.on('data', (message: AppendReq) => {
      if (over) return;
      try {
        request.add(message);
      } catch (error) {
        fail(error);
      }
    });
    call.on('end', () => {
      if (!over) void answer(request.write(writes), callback);
    });
  };
}

async function answer(
  response: Promise<AppendResp | typeof NO_REPLY>,
  callback: sendUnaryData<AppendResp>,
): Promise<void> {
  try {
    const value = await response;
    if (value !== NO_REPLY) callback(null, value);
  } catch (error) {
    callback(asFailure(error));
  }
}

class AppendRequest {
  #options: AppendReq.Options | undefined;
  #bytes = 0;
  readonly #events: ProposedEvent[] = [];

  constructor(private readonly maxAppendBytes: number) {}

  add(message: AppendReq): void {
    this.#options ??= message.getOptions();
    if (this.#options === undefined) throw failures.unknown('Exception was thrown by handler.');
    const proposed = message.getProposedMessage();
    if (proposed === undefined) return;
    const event = proposedEvent(proposed);
    this.#bytes += sizeOf(event);
    if (this.#bytes > this.maxAppendBytes) throw failures.tooLarge(this.maxAppendBytes);
    this.#events.push(event);
  }

  async write(writes: Writes): Promise<AppendResp | typeof NO_REPLY> {
    const options = this.#options;
    if (options === undefined) throw failures.unknown('Exception was thrown by handler.');
    const stream = streamName(options.getStreamIdentifier());
    const expected = expectedOf(options, options.hasRevision() ? options.getRevision() : undefined);
    const outcome = await writes.append(stream, expected, this.#events);
    return outcome === NO_REPLY ? NO_REPLY : responseOf(stream, expected, outcome);
  }
}

function responseOf(stream: string, expected: Expected, outcome: WriteOutcome): AppendResp {
  switch (outcome.kind) {
    case 'deleted':
      throw failures.streamDeleted(stream);
    case 'wrong-expected-version':
      return new AppendResp().setWrongExpectedVersion(wrongExpectedVersion(expected, outcome.current));
    case 'written': {
      const success = new AppendResp.Success();
      if (outcome.revision < 0 || outcome.revision === TOMBSTONE) success.setNoStream(new Empty());
      else success.setCurrentRevision(String(outcome.revision));
      if (outcome.position === undefined) success.setNoPosition(new Empty());
      else {
        const position = new AppendResp.Position();
        position.setCommitPosition(String(outcome.position));
        position.setPreparePosition(String(outcome.position));
        success.setPosition(position);
      }
      return new AppendResp().setSuccess(success);
    }
  }
}

/** Says everything twice, as the server does: the second set of fields is that of version 20.6. */
function wrongExpectedVersion(expected: Expected, current: number): AppendResp.WrongExpectedVersion {
  const wrong = new AppendResp.WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(new Empty()).setNoStream2060(new Empty());
  else wrong.setCurrentRevision(String(current)).setCurrentRevision2060(current);
  switch (expected.kind) {
    case 'any':
      return wrong.setExpectedAny(new Empty()).setAny2060(new Empty());
    case 'no-stream':
      return wrong.setExpectedNoStream(new Empty());
    case 'stream-exists':
      return wrong.setExpectedStreamExists(new Empty()).setStreamExists2060(new Empty());
    case 'exact':
      return wrong
        .setExpectedRevision(String(expected.revision))
        .setExpectedRevision2060(Number(expected.revision));
  }
}
