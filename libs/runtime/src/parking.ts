import type { Parking, StoredRecord } from '#libs/core';
import { EventFormatError } from '#libs/events';
import { parseEnvelope, RecordFormatError } from '#libs/trust';

/** The event that can't be folded. */
export interface ParkedAt {
  readonly revision: number;
  readonly type: string;
  readonly recordedAt: string;
}

/** Messages of parsers of our own name no content; others may, so they are told by their kind only. */
export function parkingOf({ revision, type, recordedAt }: ParkedAt, where: string, error: unknown): Parking {
  const ours = error instanceof EventFormatError || error instanceof RecordFormatError;
  const what = ours ? error.message : error instanceof Error ? error.name : 'a fault';
  return { since: recordedAt, reason: `revision ${revision} (${type}), ${where}: ${what}` };
}

/** As far as its envelope can be read. */
export function aboutRecord({ env, rev: revision }: StoredRecord): ParkedAt {
  try {
    const { at: recordedAt, type } = parseEnvelope(env);
    return { revision, type, recordedAt };
  } catch {
    return { revision, type: 'event', recordedAt: '' };
  }
}
