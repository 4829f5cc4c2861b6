import type { AppendRecord, AppendResult, EventLog, StoredRecord } from '#libs/core';

let made = 0;

/** A UUID of version 7 that no other test of this process has: the first in order of making. */
export function uuidOf(number: number): string {
  return `01930000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

export function nextUuid(): string {
  return uuidOf(++made);
}

/** An idempotency key as the record has it: 16 bytes, base64url. */
export function keyOf(name: string): string {
  return Buffer.from(name.padEnd(16, '.').slice(0, 16)).toString('base64url');
}

/** Streams are named after a customer. */
export function streamOf(number: number): string {
  return `customer-${uuidOf(0xabc000 + number)}`;
}

/** A record as an engine sees it: opaque, but of the right form. */
export function opaqueRecord(stream: string, rev: number, change: Partial<AppendRecord> = {}): AppendRecord {
  const id = change.id ?? nextUuid();
  const number = Number.parseInt(id.slice(-12), 16);
  return {
    id,
    stream,
    rev,
    env: JSON.stringify({ at: '2026-01-01T00:00:00.000Z', data: { number }, id, rev, stream, v: 1 }),
    sealed: { '/identity': Uint8Array.of(1, number & 0xff, 0, 255), '/service': Uint8Array.of(2, 0, 0, rev) },
    leafHash: number.toString(16).padStart(64, '0'),
    tag: stream
      .replace(/[^0-9a-f]/g, '')
      .slice(-32)
      .padStart(32, '0'),
    ...change,
  };
}

/** Appends records of one stream after `expectedRevision`. */
export function appendTo(
  log: EventLog,
  stream: string,
  expectedRevision: number,
  ...changes: readonly Partial<AppendRecord>[]
): Promise<AppendResult> {
  const records = changes.map((change, i) => opaqueRecord(stream, expectedRevision + 1 + i, change));
  return log.append({ stream, expectedRevision, records });
}

/** Puts `count` records into a stream that is not there yet; answers what was sent. */
export async function fill(log: EventLog, stream: string, count: number): Promise<readonly AppendRecord[]> {
  const records = Array.from({ length: count }, (_, rev) => opaqueRecord(stream, rev));
  const result = await log.append({ stream, expectedRevision: -1, records });
  if (result.outcome !== 'appended') throw new Error(`not appended: ${result.outcome}`);
  return records;
}

/** What is kept of a record, in a form that compares by its bytes. */
export function bytesOf(record: AppendRecord | StoredRecord | undefined) {
  if (record === undefined) return undefined;
  const { id, stream, rev, env, sealed, leafHash, tag } = record;
  const blobs = Object.entries(sealed).map(
    ([path, blob]) => [path, Buffer.from(blob).toString('hex')] as const,
  );
  return { id, stream, rev, env, leafHash, tag, sealed: Object.fromEntries(blobs) };
}

/** Every record of the ledger, page by page. */
export async function readWhole(log: EventLog, page = 1_000): Promise<readonly StoredRecord[]> {
  const all: StoredRecord[] = [];
  for (;;) {
    const records = await log.readAll(all.at(-1)?.position ?? 0, page);
    all.push(...records);
    if (records.length < page) return all;
  }
}
