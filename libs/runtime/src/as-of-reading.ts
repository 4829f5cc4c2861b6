import type { EventLog, Instant, Recorded, StoredRecord } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { parseEnvelope } from '#libs/trust';
import type { CustomerKeys, Keyring } from './keyring';
import { openRecord } from './open-record';
import type { OpenedRecord } from './open-record';
import { breathe } from './waiting';

/** Records read at once: what a fold of any length holds in memory, twice at most. */
const PAGE = 250;
/** Unwanted records that are read along rather than asked around. */
const BRIDGED = 8;

/** Touchpoints that something later changed or took away: what was known of them at first does not stand. */
export interface Restated {
  /** They are, at least; whatever else is said to be one is only remembered in vain. */
  readonly ids: { has(id: string): boolean };
  /** When they happened, as corrected last; of those whose time is asked for. */
  readonly occurredAt: ReadonlyMap<string, Instant>;
}

/** Revisions in the order in which they are folded. */
export interface Order {
  readonly revisions: Uint32Array;
  readonly restated: Restated;
}

/** A stream's records up to a revision, page by page, in order. */
export async function* inOrder(
  log: EventLog,
  stream: string,
  last: number,
): AsyncGenerator<readonly StoredRecord[]> {
  for (let from = 0; from <= last; from += PAGE) {
    yield await log.readStream(stream, from, Math.min(PAGE, last - from + 1));
    await breathe();
  }
}

/** The records of these revisions, in the order given; neighbours are read together. */
export async function* inOrderOf(
  log: EventLog,
  stream: string,
  revisions: Uint32Array,
): AsyncGenerator<readonly StoredRecord[]> {
  for (let start = 0; start < revisions.length; start += PAGE) {
    const wanted = revisions.subarray(start, start + PAGE);
    const found = new Map<number, StoredRecord>();
    for (const { from, to } of runsOf(wanted)) {
      for (const record of await log.readStream(stream, from, to - from + 1)) found.set(record.rev, record);
    }
    yield Array.from(wanted, (revision) => {
      const record = found.get(revision);
      if (record === undefined) throw new Error(`revision ${revision} of a stream is not in the log`);
      return record;
    });
    await breathe();
  }
}

/**
 * Which touchpoints were corrected or redacted up to a revision. Nothing is unsealed, and little is parsed. A stream of at
 * most `rememberedEvents` is not read for it: all of its touchpoints may be remembered.
 */
export async function restatedUpTo(
  log: EventLog,
  stream: string,
  last: number,
  rememberedEvents: number,
): Promise<Restated> {
  if (last < rememberedEvents) return { ids: { has: () => true }, occurredAt: new Map() };
  const ids = new Set<string>();
  for await (const page of inOrder(log, stream, last)) {
    for (const record of page) {
      if (!RESTATES.some((mark) => record.env.includes(mark))) continue;
      const { recorded } = openRecord(record, undefined);
      const restated = restatedBy(recorded);
      if (restated !== undefined) ids.add(restated.id);
    }
  }
  return { ids, occurredAt: new Map() };
}

/**
 * The revisions of what had happened by an instant, in order of time as corrected by all that is known now, then of
 * revision. What is said about a touchpoint happens no earlier than the touchpoint, so nothing is folded before what it is
 * about. Nothing is unsealed; a stream's index takes eight bytes an event.
 */
export async function byOccurrence(log: EventLog, stream: string, head: number, at: Instant): Promise<Order> {
  const timesMs = new Float64Array(head + 1).fill(Infinity);
  const ids = new Set<string>();
  const occurredAt = new Map<string, Instant>();
  const untilMs = Date.parse(at);
  // Backwards, so that a touchpoint's last correction is known before the touchpoint itself is met.
  for (let end = head + 1; end > 0; end -= PAGE) {
    const from = Math.max(0, end - PAGE);
    const page = await log.readStream(stream, from, end - from);
    for (const record of page.toReversed()) {
      const { recorded } = openRecord(record, undefined);
      const restated = restatedBy(recorded);
      if (restated !== undefined) {
        ids.add(restated.id);
        if (restated.occurredAt !== undefined && !occurredAt.has(restated.id)) {
          occurredAt.set(restated.id, restated.occurredAt);
        }
      }
      const target = occurredAt.get(restated?.id ?? recorded.id);
      const own = Date.parse(recorded.occurredAt);
      const targetMs = target === undefined ? own : Date.parse(target);
      timesMs[record.rev] = restated === undefined ? targetMs : Math.max(own, targetMs);
    }
    await breathe();
  }
  const revisions = Uint32Array.from(timesMs.keys()).filter(
    (revision) => (timesMs[revision] ?? Infinity) <= untilMs,
  );
  revisions.sort((a, b) => (timesMs[a] ?? 0) - (timesMs[b] ?? 0) || a - b);
  return { revisions, restated: { ids, occurredAt } };
}

/** The last revision recorded at or before an instant, −1 where there is none: `at` never falls within a stream. */
export async function revisionAt(log: EventLog, stream: string, head: number, at: Instant): Promise<number> {
  let low = 0;
  let high = head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await recordedAt(log, stream, middle)) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export async function recordedAt(log: EventLog, stream: string, revision: number): Promise<Instant> {
  const [record] = await log.readStream(stream, revision, 1);
  if (record === undefined) throw new Error(`revision ${revision} of a stream is not in the log`);
  return parseEnvelope(record.env).at;
}

/**
 * Opens a customer's records, whatever is redacted by now left sealed. So is the text of touchpoints: profile, loyalty and
 * segments are folded from their clear fields alone, and unsealing would take a third of all the time.
 */
export class RecordOpener {
  #keys: CustomerKeys | undefined;
  #loaded: 'not yet' | 'once' | 'again' = 'not yet';

  constructor(
    private readonly keyring: Keyring,
    private readonly customerId: string,
    private readonly redacted: readonly string[],
  ) {}

  async *open(pages: AsyncIterable<readonly StoredRecord[]>): AsyncGenerator<readonly Recorded<SeenEvent>[]> {
    if (this.#loaded === 'not yet') {
      this.#keys = await this.keyring.get(this.customerId);
      this.#loaded = 'once';
    }
    for await (const page of pages) {
      const opened = page.map((record) => this.#open(record));
      if (this.#loaded === 'once' && opened.some(({ unopened }) => unopened > 0)) {
        // Keys are durable before their events: what the row lacks now is destroyed, and is not asked for again.
        this.#keys = await this.keyring.reload(this.customerId);
        this.#loaded = 'again';
        yield page.map((record) => this.#open(record).recorded);
      } else yield opened.map(({ recorded }) => recorded);
    }
  }

  #open(record: StoredRecord): OpenedRecord {
    return openRecord(record, isTouchpoints(record) ? undefined : this.#keys, this.redacted);
  }
}

/** Of which touchpoint an event changes what stands, and when that happened as it says. */
function restatedBy({
  event,
}: Recorded<SeenEvent>): { readonly id: string; readonly occurredAt: Instant | undefined } | undefined {
  if (event.type === 'touchpoint-corrected.v1') {
    return { id: event.data.touchpointId, occurredAt: event.data.now.occurredAt };
  }
  if (event.type === 'touchpoint-redacted.v1') {
    return { id: event.data.touchpointId, occurredAt: event.data.was.occurredAt };
  }
  return undefined;
}

/** By a look at the canonical JSON of the envelope, in which no other clear field can say so. */
function isTouchpoints({ env }: StoredRecord): boolean {
  return env.includes('"type":"touchpoint-');
}

/** Envelopes are canonical JSON, so an event that restates has one of these in it; what else has is parsed in vain. */
const RESTATES = ['"type":"touchpoint-corrected.', '"type":"touchpoint-redacted.'];

function runsOf(revisions: Uint32Array): readonly { readonly from: number; readonly to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const revision of revisions.toSorted()) {
    const run = runs.at(-1);
    if (run !== undefined && revision - run.to <= BRIDGED) run.to = revision;
    else runs.push({ from: revision, to: revision });
  }
  return runs;
}
