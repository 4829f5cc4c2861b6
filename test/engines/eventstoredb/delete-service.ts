import type { handleUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { DeleteResp, TombstoneResp } from '@eventstore/db-client/generated/streams_pb';
import type { DeleteReq, TombstoneReq } from '@eventstore/db-client/generated/streams_pb';
import { asFailure, failures } from './failures';
import { expectedNumber, expectedOf, streamName } from './proposals';
import type { Writes } from './writes';

type Options = DeleteReq.Options | TombstoneReq.Options;

/** Position of the event that deletes. */
async function remove(writes: Writes, options: Options | undefined, forEver: boolean): Promise<string> {
  if (options === undefined) throw failures.invalidArgument('no options');
  const stream = streamName(options.getStreamIdentifier());
  const expected = expectedOf(options, options.hasRevision() ? options.getRevision() : undefined);
  const outcome = await writes.delete(stream, expected, forEver);
  if (outcome.kind === 'deleted') throw failures.streamDeleted(stream);
  if (outcome.kind === 'wrong-expected-version') {
    throw failures.wrongExpectedVersion(stream, expectedNumber(expected), outcome.current);
  }
  return String(outcome.position);
}

function answering<Request extends { getOptions(): Options | undefined }, Response>(
  writes: Writes,
  forEver: boolean,
  respond: (position: string) => Response,
): handleUnaryCall<Request, Response> {
  const answer = async (options: Options | undefined, callback: sendUnaryData<Response>): Promise<void> => {
    try {
      callback(null, respond(await remove(writes, options, forEver)));
    } catch (error) {
      callback(asFailure(error));
    }
  };
  return (call, callback) => void answer(call.request.getOptions(), callback);
}

export const deleteService = (writes: Writes): handleUnaryCall<DeleteReq, DeleteResp> =>
  answering(writes, false, (text) => {
    const position = new DeleteResp.Position().setCommitPosition(text).setPreparePosition(text);
    return new DeleteResp().setPosition(position);
  });

export const tombstoneService = (writes: Writes): handleUnaryCall<TombstoneReq, TombstoneResp> =>
  answering(writes, true, (text) => {
    const position = new TombstoneResp.Position().setCommitPosition(text).setPreparePosition(text);
    return new TombstoneResp().setPosition(position);
  });
