import type { AppendRecord, IdentifierEntry } from '#libs/core';
import type { CommandInput, Outcome, Receipt } from './outcome';
import type { Resolution } from './resolve';
import type { Head } from './stream-head';

/** Most events that one append carries: keeps a request below the engines' message sizes with room to spare. */
const MAX_BATCH_EVENTS = 200;
/** Bytes of envelopes and blobs that one append carries: EventStoreDB's default limit is 1 MiB, and blobs are base64 there. */
const MAX_BATCH_BYTES = 600_000;

/** `restart`: the stream, or the owner of an identifier, was not what the command was decided on. */
export type JobResult = Outcome | 'restart';

export interface Job {
  readonly input: CommandInput;
  readonly resolution: Resolution;
  /** `idem.k` of the command, where it has one. */
  readonly k: string | undefined;
  /** Event id of the touchpoint that the command names. */
  readonly targetId: string | undefined;
  done(result: JobResult): void;
  failed(error: unknown): void;
}

/** A command that is decided: what it appends, and what is answered when that is durable. */
export interface Prepared {
  readonly job: Job;
  readonly records: readonly AppendRecord[];
  readonly receipts: readonly Omit<Receipt, 'position'>[];
  readonly entries: readonly IdentifierEntry[];
  readonly bytes: number;
  readonly headAfter: Head;
}

/** The first of what is pending, as much as one append carries. */
export function takeBatch(outbox: readonly Prepared[]): readonly Prepared[] {
  let events = 0;
  let bytes = 0;
  let count = 0;
  for (const prepared of outbox) {
    events += prepared.records.length;
    bytes += prepared.bytes;
    if (count > 0 && (events > MAX_BATCH_EVENTS || bytes > MAX_BATCH_BYTES)) break;
    count++;
  }
  return outbox.slice(0, count);
}

/** Bytes of envelope and blobs. */
export function sizeOf(record: AppendRecord): number {
  let bytes = record.env.length;
  for (const path in record.sealed) bytes += record.sealed[path]?.length ?? 0;
  return bytes;
}
