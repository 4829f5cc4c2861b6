import { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { JSON_CONTENT } from './proposals';
import { LINK_TYPE, revisionText } from './records';
import type { StoredEvent } from './records';
import type { Store } from './store';

const BYTES_CONTENT = 'application/octet-stream';

export const identifierOf = (stream: string): StreamIdentifier =>
  new StreamIdentifier().setStreamName(Buffer.from(stream));

function idOf(id: string, structured: boolean): UUID {
  if (!structured) return new UUID().setString(id);
  const hex = id.replaceAll('-', '');
  const half = (from: number): string => String(BigInt.asIntN(64, BigInt(`0x${hex.slice(from, from + 16)}`)));
  const halves = new UUID.Structured().setMostSignificantBits(half(0)).setLeastSignificantBits(half(16));
  return new UUID().setStructured(halves);
}

function recorded(event: StoredEvent, structuredIds: boolean): ReadResp.ReadEvent.RecordedEvent {
  const message = new ReadResp.ReadEvent.RecordedEvent()
    .setId(idOf(event.id, structuredIds))
    .setStreamIdentifier(identifierOf(event.stream))
    .setStreamRevision(revisionText(event.revision))
    .setPreparePosition(String(event.position))
    .setCommitPosition(String(event.position))
    .setData(event.data)
    .setCustomMetadata(event.metadata);
  message
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.json ? JSON_CONTENT : BYTES_CONTENT)
    .set('created', String(event.ticks));
  return message;
}

export interface EventFormat {
  readonly resolveLinks: boolean;
  readonly structuredIds: boolean;
}

export function eventMessage(store: Store, event: StoredEvent, format: EventFormat): ReadResp {
  const { resolveLinks, structuredIds } = format;
  const message = new ReadResp.ReadEvent().setCommitPosition(String(event.position));
  if (!resolveLinks || event.type !== LINK_TYPE) {
    return new ReadResp().setEvent(message.setEvent(recorded(event, structuredIds)));
  }
  // What a link points to may be gone; then there is the link alone.
  const target = targetOf(store, event);
  if (target !== undefined) message.setEvent(recorded(target, structuredIds));
  return new ReadResp().setEvent(message.setLink(recorded(event, structuredIds)));
}

/** A link's data is "revision@stream". */
function targetOf(store: Store, link: StoredEvent): StoredEvent | undefined {
  const [, revision, stream] = /^(\d+)@(.+)$/s.exec(Buffer.from(link.data).toString()) ?? [];
  if (revision === undefined || stream === undefined) return undefined;
  const from = store.stream(stream);
  const event = from.events[Number(revision)];
  return event !== undefined && from.isShown(event) ? event : undefined;
}

export const notFoundMessage = (stream: string): ReadResp =>
  new ReadResp().setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)));

export const confirmationMessage = (id: string): ReadResp =>
  new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(id));

export const caughtUpMessage = (): ReadResp => new ReadResp().setCaughtUp(new ReadResp.CaughtUp());

export const checkpointMessage = (position: string): ReadResp =>
  new ReadResp().setCheckpoint(
    new ReadResp.Checkpoint().setCommitPosition(position).setPreparePosition(position),
  );
