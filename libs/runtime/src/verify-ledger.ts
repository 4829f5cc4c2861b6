import { ownerOf } from '#libs/core';
import type { EventLog, StoredRecord } from '#libs/core';
import { evolveStream, initialStreamState } from '#libs/domain';
import { CHAIN_START, RecordFormatError, verifyRecord } from '#libs/trust';
import { EventFormatError } from '#libs/events';
import type { CustomerKeys, Keyring } from './keyring';
import { isHidden, openRecord } from './open-record';

export interface LedgerFault {
  readonly stream: string;
  readonly revision: number;
  readonly what: string;
}

export interface LedgerReport {
  readonly streams: number;
  readonly events: number;
  readonly faultCount: number;
  /** The first of them. */
  readonly faults: readonly LedgerFault[];
}

const STREAMS_PAGE = 500;
const EVENTS_PAGE = 250;
/** Faults named one by one; the others are counted. */
const MAX_FAULTS = 100;

/**
 * Recomputes every record and chain from its bytes, opens every blob with the customer's key, and holds the indexes
 * against the events. What a chain can't show (a stream's tail, or a stream, that is missing as a whole) is told by the
 * transparency log, which is not there yet.
 */
export async function verifyLedger(
  log: EventLog,
  keyring: Keyring,
  tell: (streams: number, events: number) => Promise<void>,
): Promise<LedgerReport> {
  const faults: LedgerFault[] = [];
  let faultCount = 0;
  let streams = 0;
  let events = 0;
  const fault = (stream: string, revision: number, what: string): void => {
    faultCount++;
    if (faults.length < MAX_FAULTS) faults.push({ stream, revision, what });
  };
  for (let cursor: string | undefined; ;) {
    const page = await log.streams(cursor, STREAMS_PAGE);
    for (const { stream, revision } of page.items) {
      events += await verifyStream(log, keyring, stream, revision, (at, what) => fault(stream, at, what));
      streams++;
      await tell(streams, events);
    }
    if (page.next === undefined) return { streams, events, faultCount, faults };
    cursor = page.next;
  }
}

async function verifyStream(
  log: EventLog,
  keyring: Keyring,
  stream: string,
  last: number,
  fault: (revision: number, what: string) => void,
): Promise<number> {
  const customerId = ownerOf(stream);
  let keys = await keyring.reload(customerId);
  let head = CHAIN_START;
  let state = initialStreamState;
  let count = 0;
  const gone: { readonly record: StoredRecord; readonly path: string }[] = [];
  for (let from = 0; from <= last; from += EVENTS_PAGE) {
    const records = await log.readStream(stream, from, Math.min(EVENTS_PAGE, last - from + 1));
    const located = await log.locate(records.map(({ id }) => id));
    for (const [i, record] of records.entries()) {
      const result = verifyRecord(record, head);
      head = result.head;
      for (const what of result.faults) fault(record.rev, what);
      if (located[i]?.stream !== stream || located[i]?.revision !== record.rev) {
        fault(record.rev, 'the index of event ids does not find it here');
      }
      let opened = tryOpen(record, keys, fault);
      if (opened !== undefined && opened.unopened > 0) {
        // Made since the row was read, or destroyed: only an erased customer has no keys at all.
        keys = await keyring.reload(customerId);
        opened = tryOpen(record, keys, fault);
        if (keys !== undefined && (opened?.unopened ?? 0) > 0)
          fault(record.rev, 'no key of the customer opens it');
      }
      if (opened === undefined) continue;
      state = evolveStream(state, opened.recorded.event);
      for (const path of Object.keys(opened.env.sealed)) {
        if (record.sealed[path] === undefined) gone.push({ record, path });
      }
      const { idem } = opened.env;
      if (idem !== undefined) {
        const [byKey] = await log.locate([idem.k]);
        if (byKey?.stream !== stream || byKey.revision !== record.rev) {
          fault(record.rev, 'the index of idempotency keys does not find it');
        }
      }
    }
    count += records.length;
  }
  if (keys !== undefined && head.tag !== undefined && keys.tag !== head.tag)
    fault(last, 'the stream tag is not the vault’s');
  for (const { record, path } of gone) {
    const opened = tryOpen(record, undefined, fault);
    const hidden = opened !== undefined && isHidden(opened.env, state.touchpoint.redacted);
    if (!hidden && keys !== undefined) fault(record.rev, `${path}: the blob is gone, and nothing redacts it`);
  }
  if (count !== last + 1) fault(last, `${count} events where ${last + 1} are due`);
  return count;
}

function tryOpen(
  record: StoredRecord,
  keys: CustomerKeys | undefined,
  fault: (revision: number, what: string) => void,
): ReturnType<typeof openRecord> | undefined {
  try {
    return openRecord(record, keys);
  } catch (error) {
    if (!(error instanceof RecordFormatError) && !(error instanceof EventFormatError)) throw error;
    fault(record.rev, error.message);
    return undefined;
  }
}
