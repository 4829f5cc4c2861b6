import type { JsonObject, LedgerRecord } from '#libs/core';
import { envelopeText, parseEnvelope, RecordFormatError } from './envelope';
import type { ClassPath, Envelope, SealedEntry } from './envelope';
import { leafHashOf, NO_PREDECESSOR, sha256Hex } from './hash';
import { jcs } from './jcs';
import { seal } from './sealing';
import type { DataKey } from './sealing';

/** A class of an event's fields that is to be sealed, and with which key. */
export interface ToSeal {
  readonly path: ClassPath;
  readonly fields: JsonObject;
  readonly key: DataKey;
  /** 12 random bytes. */
  readonly nonce: Uint8Array;
}

/** The canonical JSON of a log entry (trust.md §1.2): it commits to the envelope, its place and its predecessor. */
export function leafText(env: Pick<Envelope, 'id' | 'rev' | 'at'>, c: string, p: string, s: string): string {
  return `{"c":"${c}","id":"${env.id}","p":"${p}","r":${env.rev},"s":"${s}","t":"${env.at}","v":1}`;
}

/** Seals, canonicalises and chains one event. `previous`: leaf hash of the stream's last event. */
export function makeRecord(
  unsealed: Omit<Envelope, 'sealed' | 'v'>,
  toSeal: readonly ToSeal[],
  previous: string,
  tag: string,
): LedgerRecord {
  const { id, stream, rev } = unsealed;
  const entries: { [path in ClassPath]?: SealedEntry } = {};
  const blobs: Record<string, Uint8Array> = {};
  for (const { path, fields, key, nonce } of toSeal) {
    const blob = seal(fields, key, { eventId: id, stream, path }, nonce);
    blobs[path] = blob;
    entries[path] = { alg: 'A256GCM', h: sha256Hex(blob), kid: key.kid };
  }
  const env = envelopeText(unsealed, entries);
  const leafHash = leafHashOf(leafText(unsealed, sha256Hex(env), previous, tag));
  return { id, stream, rev, env, sealed: blobs, leafHash, tag };
}

/** The leaf of a record whose predecessor's leaf hash is known. */
export function leafOf(
  record: LedgerRecord,
  previous: string,
): { readonly text: string; readonly hash: string } {
  const text = leafText(parseEnvelope(record.env), sha256Hex(record.env), previous, record.tag);
  return { text, hash: leafHashOf(text) };
}

/** Where a chain stands: the last record verified, and what the next must follow. */
export interface ChainHead {
  readonly revision: number;
  readonly leafHash: string;
  readonly at: string;
  readonly tag: string | undefined;
}

export const CHAIN_START: ChainHead = { revision: -1, leafHash: NO_PREDECESSOR, at: '', tag: undefined };

/**
 * Recomputes one record from its bytes and holds it against what is stored and against its predecessor. Returns every
 * fault found, in words that name no value; the chain goes on from the stored leaf hash, so one fault is told once.
 */
export function verifyRecord(
  record: LedgerRecord,
  head: ChainHead,
): { faults: readonly string[]; head: ChainHead } {
  const faults: string[] = [];
  let env: Envelope | undefined;
  try {
    env = parseEnvelope(record.env);
    if (jcs(env) !== record.env) faults.push('the envelope is not canonical JSON');
  } catch (error) {
    if (!(error instanceof RecordFormatError) && !(error instanceof TypeError)) throw error;
    faults.push(error.message);
  }
  if (env !== undefined) {
    if (env.id !== record.id) faults.push('the id is not the envelope’s');
    if (env.stream !== record.stream) faults.push('the stream is not the envelope’s');
    if (env.rev !== record.rev) faults.push('the revision is not the envelope’s');
    if (env.at < head.at) faults.push('recorded before its predecessor');
    for (const [path, blob] of Object.entries(record.sealed)) {
      const entry = Object.entries(env.sealed).find(([known]) => known === path)?.[1];
      if (entry === undefined) faults.push(`${path}: a blob that the envelope does not name`);
      else if (sha256Hex(blob) !== entry.h) faults.push(`${path}: the blob is not the one committed to`);
    }
    const leaf = leafText(env, sha256Hex(record.env), head.leafHash, record.tag);
    if (leafHashOf(leaf) !== record.leafHash)
      faults.push('the leaf hash does not follow from record and predecessor');
  }
  if (record.rev !== head.revision + 1) faults.push(`revision ${record.rev} follows ${head.revision}`);
  if (head.tag !== undefined && record.tag !== head.tag)
    faults.push('another stream tag than its predecessor');
  const next = { revision: record.rev, leafHash: record.leafHash, at: env?.at ?? head.at, tag: record.tag };
  return { faults, head: next };
}
