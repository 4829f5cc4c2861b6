import { Lru } from '#libs/core';
import type {
  Checkpoint,
  Document,
  DocumentGroup,
  DocumentWrite,
  EventLog,
  Progress,
  Projection,
  Recorded,
  StoredRecord,
} from '#libs/core';
import type { SeenEvent } from '#libs/events';
import type { Keyring } from './keyring';
import { openRecord, openWithKeyring } from './open-record';

/** Documents kept between batches: the profiles of customers that are being talked to. */
const DOCUMENTS_CACHED = 5_000;
/** Streams whose progress is kept between batches: about 150 bytes each. */
const PROGRESS_CACHED = 100_000;
/** Records read at once to fill a gap. */
const GAP_PAGE = 500;

/** Another writer has moved the group's checkpoint: this one must stop and begin again from the store. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/** Where a batch ends; without it only documents and progress are written (building customer by customer). */
export interface BatchEnd {
  readonly partition: number;
  readonly expected: Checkpoint | undefined;
  readonly next: Checkpoint | undefined;
}

interface Touched {
  readonly projection: Projection<SeenEvent>;
  readonly key: string;
  document: Document | undefined;
  changed: boolean;
}

/**
 * Folds records into one group's documents. A record is applied exactly when its revision follows its stream's
 * progress: lower ones are repeats and skipped, a gap is filled from the log. Documents, progress and checkpoint of a
 * batch commit together, so every effect happens once, whatever is delivered twice, out of order, or killed.
 */
export class GroupProjector {
  readonly #documents = new Lru<Document>(DOCUMENTS_CACHED);
  readonly #progress = new Lru<Progress>(PROGRESS_CACHED);

  constructor(
    readonly group: DocumentGroup,
    private readonly projections: readonly Projection<SeenEvent>[],
    private readonly log: EventLog,
    private readonly keyring: Keyring,
  ) {}

  /** Number of events applied. */
  async apply(records: readonly StoredRecord[], end: BatchEnd): Promise<number> {
    const due = await this.#due(records);
    const opened = await this.#open(due.records);
    const touched = await this.#fold(opened);
    const documents: DocumentWrite[] = [];
    for (const { projection, key, document, changed } of touched.values()) {
      if (changed) documents.push({ projection: projection.name, key, document });
    }
    const progress = [...due.progress.values()];
    const outcome = await this.group.commit({ ...end, documents, progress });
    if (outcome === 'fenced') {
      this.forget();
      throw new FencedError(`group ${this.group.id} is written by another process`);
    }
    for (const { projection, key, document } of touched.values()) this.#keep(projection, key, document);
    for (const entry of progress) this.#progress.set(entry.stream, entry);
    return due.records.length;
  }

  /** Drops what is remembered between batches: another process may have written since. */
  forget(): void {
    this.#documents.clear();
    this.#progress.clear();
  }

  /** The records that follow their streams' progress, gaps filled, and the progress that they make. */
  async #due(
    records: readonly StoredRecord[],
  ): Promise<{ records: StoredRecord[]; progress: Map<string, Progress> }> {
    const unknown = [...new Set(records.map(({ stream }) => stream))].filter(
      (stream) => !this.#progress.get(stream),
    );
    const stored = new Map<string, Progress>();
    for (const entry of await this.group.progress(unknown))
      if (entry !== undefined) stored.set(entry.stream, entry);
    const progress = new Map<string, Progress>();
    const due: StoredRecord[] = [];
    const take = (record: StoredRecord): void => {
      due.push(record);
      progress.set(record.stream, { stream: record.stream, revision: record.rev, position: record.position });
    };
    for (const record of records) {
      const { stream, rev } = record;
      const known = progress.get(stream) ?? this.#progress.get(stream) ?? stored.get(stream);
      let reached = known?.revision ?? -1;
      while (reached + 1 < rev) {
        const missing = await this.log.readStream(stream, reached + 1, Math.min(GAP_PAGE, rev - reached - 1));
        if (missing.length === 0)
          throw new Error(`revision ${reached + 1} of a delivered stream is not in the log`);
        for (const filler of missing) take(filler);
        reached += missing.length;
      }
      if (rev === reached + 1) take(record);
    }
    return { records: due, progress };
  }

  async #open(records: readonly StoredRecord[]): Promise<Recorded<SeenEvent>[]> {
    const customers = records.map(({ stream }) => stream.slice(stream.indexOf('-') + 1));
    const distinct = [...new Set(customers)];
    const loaded = await this.keyring.load(distinct);
    const keys = new Map(distinct.map((id, i) => [id, loaded[i]]));
    const events: Recorded<SeenEvent>[] = [];
    for (const [i, record] of records.entries()) {
      const opened = openRecord(record, keys.get(customers[i] ?? ''));
      // A key that was made after the row was read: read again, or its text would be missing for good.
      events.push((opened.unopened === 0 ? opened : await openWithKeyring(record, this.keyring)).recorded);
    }
    return events;
  }

  async #fold(events: readonly Recorded<SeenEvent>[]): Promise<Map<string, Touched>> {
    const touched = new Map<string, Touched>();
    const steps: { entry: Touched; recorded: Recorded<SeenEvent> }[] = [];
    const missing = new Map<Projection<SeenEvent>, Touched[]>();
    for (const recorded of events) {
      for (const projection of this.projections) {
        for (const key of projection.keysOf(recorded)) {
          const name = `${projection.name} ${key}`;
          let entry = touched.get(name);
          if (entry === undefined) {
            const cached = this.#documents.get(name);
            entry = { projection, key, document: cached, changed: false };
            touched.set(name, entry);
            // A document that is named after this very event can't be there yet.
            if (cached === undefined && key !== recorded.id) {
              const list = missing.get(projection);
              if (list === undefined) missing.set(projection, [entry]);
              else list.push(entry);
            }
          }
          steps.push({ entry, recorded });
        }
      }
    }
    for (const [projection, entries] of missing) {
      const keys = entries.map(({ key }) => key);
      const found = await this.group.getMany(projection.name, keys);
      for (const [i, entry] of entries.entries()) entry.document = found[i];
    }
    // All folds of a batch are computed before any is kept: a throw leaves nothing half done.
    for (const { entry, recorded } of steps) {
      const folded = entry.projection.fold(entry.document, recorded, entry.key);
      entry.document = folded === undefined ? undefined : stamped(folded, recorded);
      entry.changed = true;
    }
    return touched;
  }

  /** Only documents that many events share are worth keeping. */
  #keep({ name }: Projection<SeenEvent>, key: string, document: Document | undefined): void {
    if (document === undefined || key !== document['_customer']) this.#documents.delete(`${name} ${key}`);
    else this.#documents.set(`${name} ${key}`, document);
  }
}

function stamped(document: Document, { customerId, revision, position }: Recorded<SeenEvent>): Document {
  return { ...document, _customer: customerId, _revision: revision, _position: position };
}
