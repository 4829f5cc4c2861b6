import type { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import type { AppendReq, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb';
import { failures } from './failures';
import type { Expected, ProposedEvent } from './records';

/** The one content type that the server tells from bytes; it does not look whether it is JSON. */
export const JSON_CONTENT = 'application/json';
const EMPTY_ID = '00000000-0000-0000-0000-000000000000';

export function streamName(identifier: StreamIdentifier | undefined): string {
  const name = Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
  if (name === '') throw failures.invalidArgument('an empty stream name');
  return name;
}

const hex64 = (decimal: string): string => BigInt.asUintN(64, BigInt(decimal)).toString(16).padStart(16, '0');

const hyphens = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Ids come as text or as two halves, and go out in lower case with hyphens. */
export function uuidText(uuid: UUID | undefined): string {
  const structured = uuid?.getStructured();
  const text = structured
    ? hex64(structured.getMostSignificantBits()) + hex64(structured.getLeastSignificantBits())
    : (uuid?.getString() ?? '').toLowerCase().replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/.test(text)) throw failures.unknown('Exception was thrown by handler.');
  return hyphens(text);
}

type ProposedMessage = AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage;

export function proposedEvent(message: ProposedMessage): ProposedEvent {
  const [type, contentType] = ['type', 'content-type'].map((property) => {
    const value = message.getMetadataMap().get(property);
    if (value === undefined) throw failures.missingMetadata(property);
    return value;
  });
  const id = uuidText(message.getId());
  if (id === EMPTY_ID || type === undefined || type === '') {
    throw failures.unknown('Exception was thrown by handler.');
  }
  return {
    id,
    type,
    json: contentType === JSON_CONTENT,
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

/** As the server counts towards its limit. */
export const sizeOf = ({ data, metadata, type }: ProposedEvent): number =>
  data.length + metadata.length + 2 * type.length;

/** The same four choices stand in every request that writes. */
interface ExpectedOptions {
  hasAny(): boolean;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
}

export function expectedOf(options: ExpectedOptions, revision: string | undefined): Expected {
  if (revision !== undefined) return { kind: 'exact', revision: BigInt(revision) };
  if (options.hasAny()) return { kind: 'any' };
  if (options.hasNoStream()) return { kind: 'no-stream' };
  if (options.hasStreamExists()) return { kind: 'stream-exists' };
  throw failures.invalidArgument('None');
}

/** The number by which trailers name an expectation. */
export function expectedNumber(expected: Expected): string {
  if (expected.kind === 'exact') return String(expected.revision);
  return { any: '-2', 'no-stream': '-1', 'stream-exists': '-4' }[expected.kind];
}
