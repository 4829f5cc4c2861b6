import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import { isJsonObject, ownerOf } from '#libs/core';
import type { StoredRecord } from '#libs/core';

/** What a message says beside its record. */
export interface Publication {
  readonly ledgerId: string;
  readonly topicId: string;
  /** How many records the topic got up to this one, repeats not counted: from 1. */
  readonly sequence: number;
}

/** A message as it is sent; its value is bytes, so that its size is known. */
export interface RecordMessage extends Message {
  readonly key: string;
  readonly value: Buffer;
}

export interface ReadMessage {
  readonly record: StoredRecord;
  readonly topicId: string;
}

/** The message is not one of ours: somebody else writes to the topic. */
export class ForeignMessageError extends Error {
  override readonly name = 'ForeignMessageError';
}

const TOPIC_HEADER = 'touchstone-topic';
/** Of an envelope that names no type: CloudEvents wants one. */
const NO_TYPE = 'unknown';
/** Digits of the greatest safe integer: CloudEvents' `sequence` must sort as text. */
const SEQUENCE_DIGITS = 16;
/** Stands directly before the envelope. Within JSON a quote in a string is escaped, so it can't stand anywhere before. */
const BEFORE_ENVELOPE = '},"env":';

/**
 * A record as a CloudEvents 1.0 message in binary mode. The value is `{"leafHash", "position", "s", "sealed", "env"}`;
 * the envelope is the record's own text and comes last, so a reader cuts out the very bytes that were hashed.
 */
export function toMessage(record: StoredRecord, publication: Publication): RecordMessage {
  const { leafHash, position, tag, env } = record;
  const sealed: Record<string, string> = {};
  for (const [path, blob] of Object.entries(record.sealed)) {
    sealed[path] = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('base64');
  }
  const before = JSON.stringify({ leafHash, position, s: tag, sealed });
  return {
    key: ownerOf(record.stream),
    value: Buffer.from(`${before.slice(0, -1)},"env":${env}}`),
    headers: headersOf(record, publication),
  };
}

function headersOf(record: StoredRecord, { ledgerId, topicId, sequence }: Publication): IHeaders {
  const env: unknown = JSON.parse(record.env);
  const { type, at } = isJsonObject(env) ? env : {};
  return {
    ce_specversion: '1.0',
    ce_id: record.id,
    ce_type: typeof type === 'string' ? type : NO_TYPE,
    ce_source: `touchstone:${ledgerId}`,
    ce_subject: record.stream,
    ...(typeof at === 'string' && { ce_time: at }),
    ce_revision: String(record.rev),
    ce_position: String(record.position),
    ce_sequence: String(sequence).padStart(SEQUENCE_DIGITS, '0'),
    ce_partitionkey: ownerOf(record.stream),
    'content-type': 'application/json',
    [TOPIC_HEADER]: topicId,
  };
}

/** Throws `ForeignMessageError` where it is not what `toMessage` makes. */
export function fromMessage({ headers, value }: KafkaMessage): ReadMessage {
  const text = value?.toString('utf8') ?? '';
  const cut = text.indexOf(BEFORE_ENVELOPE);
  if (headers === undefined || cut < 0 || !text.endsWith('}')) throw foreign('its form');
  const before: unknown = parse(`${text.slice(0, cut + 1)}}`);
  const env = text.slice(cut + BEFORE_ENVELOPE.length, -1);
  if (!isJsonObject(before) || !env.startsWith('{') || !env.endsWith('}')) throw foreign('its form');
  const { leafHash, position, s, sealed } = before;
  if (typeof leafHash !== 'string' || typeof s !== 'string') throw foreign('its hashes');
  const record: StoredRecord = {
    id: header(headers, 'ce_id'),
    stream: header(headers, 'ce_subject'),
    rev: integer(Number(header(headers, 'ce_revision')), 'its revision'),
    env,
    sealed: blobs(sealed),
    leafHash,
    tag: s,
    position: integer(position, 'its position'),
  };
  return { record, topicId: header(headers, TOPIC_HEADER) };
}

function blobs(sealed: unknown): Record<string, Uint8Array> {
  if (!isJsonObject(sealed)) throw foreign('its blobs');
  const found: Record<string, Uint8Array> = {};
  for (const [path, blob] of Object.entries(sealed)) {
    if (typeof blob !== 'string') throw foreign('its blobs');
    found[path] = Buffer.from(blob, 'base64');
  }
  return found;
}

function header(headers: IHeaders, name: string): string {
  const value = headers[name];
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  throw foreign(`its header ${name}`);
}

function integer(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw foreign(what);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw foreign('its form');
  }
}

function foreign(what: string): ForeignMessageError {
  return new ForeignMessageError(`The topic holds a message that is not a record: ${what}`);
}
