import type { AllStreamRecordedEvent, BinaryEventData, RecordedEvent } from '@eventstore/db-client';
import { aboutText, EngineError, parseAbout } from '#libs/core';
import type { AppendRecord, IndexEntry, StoredRecord } from '#libs/core';

/** Names of streams of the ledger begin with one of these; all other streams belong to the server or to others. */
export const LEDGER_PREFIXES: readonly string[] = [
  'customer-',
  'campaign-',
  'segment-',
  'policy-',
  'access-',
];

const SEALED = 'sealed:';
/** Where an envelope names no type: the server refuses an empty one. */
const NO_TYPE = 'record';
const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is stored beside the envelope of an event: string values only. */
type Metadata = Record<string, string>;

/** A record as it was read, and what the index knows of it. */
export interface LedgerEvent {
  readonly record: StoredRecord;
  readonly entry: IndexEntry;
}

/**
 * One event of the server: its data are the envelope's very bytes, its type is the envelope's. As binary: the client
 * would parse JSON and write it anew, and what is hashed must be what is stored.
 */
export function toEvent(record: AppendRecord): BinaryEventData {
  const { id, env, sealed, leafHash, tag, key, about } = record;
  const metadata: Metadata = { leafHash, s: tag };
  if (key !== undefined) metadata['k'] = key;
  if (about !== undefined) metadata['about'] = aboutText(about);
  for (const [path, blob] of Object.entries(sealed)) {
    metadata[SEALED + path] = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('base64');
  }
  return {
    id,
    contentType: 'application/octet-stream',
    type: typeOf(env),
    data: utf8.encode(env),
    metadata: utf8.encode(JSON.stringify(metadata)),
  };
}

export function entryOf({ id, stream, rev, key, about }: AppendRecord): IndexEntry {
  return {
    eventId: id,
    stream,
    revision: rev,
    ...(key === undefined ? {} : { key }),
    ...(about === undefined ? {} : { about }),
  };
}

/** The server puts events of its own into streams of the ledger too, `$streamDeleted` say. */
export function isLedgerEvent({ streamId, type }: RecordedEvent | AllStreamRecordedEvent): boolean {
  return !type.startsWith('$') && LEDGER_PREFIXES.some((prefix) => streamId.startsWith(prefix));
}

/** EngineError where an event in a stream of the ledger is no record. */
export function fromEvent(event: RecordedEvent | AllStreamRecordedEvent): LedgerEvent {
  const { id, streamId: stream, data } = event;
  const { leafHash, tag, key, about, sealed } = metadataOf(event.metadata);
  if (leafHash === undefined || tag === undefined || !(data instanceof Uint8Array)) throw noRecord();
  const rev = safeInteger(event.revision);
  return {
    record: { position: positionOf(event), stream, rev, id, env: decode(data), sealed, leafHash, tag },
    entry: {
      eventId: id,
      stream,
      revision: rev,
      ...(key === undefined ? {} : { key }),
      ...(about === undefined ? {} : { about }),
    },
  };
}

/** The commit position as a number; EngineError where a number can't hold it. */
export function positionOf({ position }: RecordedEvent | AllStreamRecordedEvent): number {
  if (position === undefined) throw new EngineError('EventStoreDB: an event without a position');
  return safeInteger(position.commit);
}

export function safeInteger(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new EngineError('EventStoreDB: a revision or position beyond 2^53 − 1');
  }
  return Number(value);
}

function typeOf(env: string): string {
  const parsed: unknown = JSON.parse(env);
  const type: unknown = typeof parsed === 'object' && parsed !== null && 'type' in parsed ? parsed.type : '';
  return typeof type === 'string' && type !== '' ? type : NO_TYPE;
}

interface Beside {
  leafHash?: string;
  tag?: string;
  key?: string;
  about?: IndexEntry['about'];
  readonly sealed: Record<string, Uint8Array>;
}

function metadataOf(metadata: unknown): Beside {
  const beside: Beside = { sealed: {} };
  if (typeof metadata !== 'object' || metadata === null) throw noRecord();
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') continue;
    if (name === 'leafHash') beside.leafHash = value;
    else if (name === 's') beside.tag = value;
    else if (name === 'k') beside.key = value;
    else if (name === 'about') beside.about = parseAbout(value);
    // A copy: a small Buffer is a view into a pool that others see.
    else if (name.startsWith(SEALED)) {
      beside.sealed[name.slice(SEALED.length)] = new Uint8Array(Buffer.from(value, 'base64'));
    }
  }
  return beside;
}

function decode(bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch {
    throw noRecord();
  }
}

function noRecord(): EngineError {
  return new EngineError('EventStoreDB: an event in a stream of the ledger is no record of it');
}
