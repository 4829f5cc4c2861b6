import { checkDocumentKey, EngineError, Lru, ownerOf } from '#libs/core';
import type {
  Checkpoint,
  Document,
  DocumentGroup,
  DocumentWrite,
  EventFeed,
  EventLog,
  Parking,
  Progress,
  Projection,
  Recorded,
  StoredRecord,
} from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { foldSteps, stamped } from './fold-steps';
import type { Step, Touched } from './fold-steps';
import type { CustomerKeys, Keyring } from './keyring';
import { openRecord, openWithKeyring } from './open-record';
import { aboutRecord, parkingOf } from './parking';

/** Documents of one read model kept between batches: of customers that are being talked to, and what all share. */
const DOCUMENTS_CACHED = 4_000;
/** Streams whose progress is kept between batches: about 150 bytes each. */
const PROGRESS_CACHED = 100_000;
/** Records read at once to fill a gap, or to drain a parked stream. */
const PAGE = 500;

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

export interface GroupProjectorPorts {
  readonly group: DocumentGroup;
  /** Each after those that it names in `after`. */
  readonly projections: readonly Projection<SeenEvent>[];
  readonly log: EventLog;
  readonly keyring: Keyring;
  readonly feed: Pick<EventFeed, 'bucketOf'>;
}

/**
 * Folds records into one group's documents. A record is applied exactly when its revision follows its stream's
 * progress: lower ones are repeats and skipped, a gap is filled from the log. Documents, progress and checkpoint of a
 * batch commit together, so every effect happens once, whatever is delivered twice, out of order, or killed. An event
 * that its parser or a fold throws at parks its stream: nothing of it is kept, what follows waits in the log, and all
 * other streams go on.
 */
export class GroupProjector {
  readonly group: DocumentGroup;
  /** By projection, so that no key has to be made of two names: that takes longer than looking it up. */
  readonly #documents: ReadonlyMap<string, Lru<Document>>;
  readonly #progress = new Lru<Progress>(PROGRESS_CACHED);

  constructor(private readonly ports: GroupProjectorPorts) {
    this.group = ports.group;
    this.#documents = new Map(ports.projections.map(({ name }) => [name, new Lru(DOCUMENTS_CACHED)]));
  }

  /** Number of events applied. `retry`: a parked stream whose records are tried again; with `parked` there are more. */
  async apply(
    records: readonly StoredRecord[],
    end: BatchEnd,
    retry?: Pick<Progress, 'stream' | 'parked'>,
  ): Promise<number> {
    const { due, progress } = await this.#due(records, retry?.stream);
    const touched: TouchedDocuments = new Map();
    const steps = await this.#steps(due, touched);
    const folded = foldSteps(steps, progress);
    const drained = retry?.parked === undefined ? undefined : progress.get(retry.stream);
    if (drained !== undefined && drained.parked === undefined) {
      // Until its end is reached it stays parked, so that whoever begins again after a crash goes on with it.
      progress.set(drained.stream, { ...drained, parked: retry?.parked, retry: true });
    }
    const documents: DocumentWrite[] = [];
    for (const entry of allOf(touched)) {
      if (entry.changed === undefined) continue;
      entry.document = stamped(entry.document, entry.projection, entry.changed);
      documents.push({ projection: entry.projection.name, key: entry.key, document: entry.document });
    }
    const moved = [...progress.values()];
    const outcome = await this.group.commit({ ...end, documents, progress: moved });
    if (outcome === 'fenced') {
      this.forget();
      throw new FencedError(`group ${this.group.id} is written by another process`);
    }
    for (const { projection, key, document } of allOf(touched)) this.#keep(projection, key, document);
    for (const entry of moved) this.#progress.set(entry.stream, entry);
    return folded;
  }

  /** Tries a parked stream again, to its end; `false` where it is parked still. */
  async drain({ stream, revision, parked }: Progress, end: BatchEnd): Promise<boolean> {
    for (let from = revision + 1; ; from += PAGE) {
      const records = await this.ports.log.readStream(stream, from, PAGE + 1);
      const more = records.length > PAGE;
      await this.apply(records.slice(0, PAGE), end, more ? { stream, parked } : { stream });
      const reached = this.#progress.get(stream);
      if (reached?.parked !== undefined && reached.retry === undefined) return false;
      if (!more) return true;
    }
  }

  /** Drops what is remembered between batches: another process may have written since. */
  forget(): void {
    for (const documents of this.#documents.values()) documents.clear();
    this.#progress.clear();
  }

  /** The records that follow their streams' progress, gaps filled, and that progress as it stands. */
  async #due(
    records: readonly StoredRecord[],
    retry: string | undefined,
  ): Promise<{ due: StoredRecord[]; progress: Map<string, Progress> }> {
    // Looked up at once: while the store is asked, another partition's assignment may make all be forgotten.
    const known = new Map<string, Progress>();
    const unknown = new Set<string>();
    for (const { stream } of records) {
      const remembered = this.#progress.get(stream);
      if (remembered === undefined) unknown.add(stream);
      else known.set(stream, remembered);
    }
    for (const entry of await this.group.progress([...unknown]))
      if (entry !== undefined) known.set(entry.stream, entry);
    const progress = new Map<string, Progress>();
    const reachedOf = new Map<string, number>();
    const due: StoredRecord[] = [];
    for (const record of records) {
      const { stream, rev } = record;
      const before = known.get(stream) ?? { stream, revision: -1, position: 0 };
      if (before.parked !== undefined && stream !== retry) continue;
      let reached = reachedOf.get(stream) ?? before.revision;
      if (rev <= reached) continue;
      progress.set(stream, before);
      while (reached + 1 < rev) {
        const missing = await this.ports.log.readStream(
          stream,
          reached + 1,
          Math.min(PAGE, rev - reached - 1),
        );
        if (missing.length === 0)
          throw new Error(`revision ${reached + 1} of a delivered stream is not in the log`);
        due.push(...missing);
        reached += missing.length;
      }
      due.push(record);
      reachedOf.set(stream, rev);
    }
    return { due, progress };
  }

  /** Opens the records and loads the documents that they touch. */
  async #steps(records: readonly StoredRecord[], touched: TouchedDocuments): Promise<readonly Step[]> {
    const missing = new Map<Projection<SeenEvent>, Touched[]>();
    const steps: Step[] = [];
    const owners = [...new Set(records.map(({ stream }) => ownerOf(stream)))];
    const loaded = await this.ports.keyring.load(owners);
    const keys = new Map(owners.map((id, i) => [id, loaded[i]]));
    for (const record of records) {
      const recorded = await this.#open(record, keys.get(ownerOf(record.stream)));
      if ('since' in recorded) steps.push({ record, touches: [], fault: recorded });
      else steps.push(this.#step(record, recorded, touched, missing));
    }
    for (const [projection, entries] of missing) {
      const found = await this.group.getMany(
        projection.name,
        entries.map(({ key }) => key),
      );
      for (const [i, entry] of entries.entries()) entry.document = found[i];
    }
    return steps;
  }

  async #open(record: StoredRecord, keys: CustomerKeys | undefined): Promise<Recorded<SeenEvent> | Parking> {
    const bucket = this.ports.feed.bucketOf(record.stream);
    try {
      const opened = openRecord(record, keys);
      // A key that was made after the row was read: read again, or its text would be missing for good.
      const { recorded } = opened.unopened === 0 ? opened : await openWithKeyring(record, this.ports.keyring);
      return { ...recorded, bucket };
    } catch (error) {
      if (error instanceof EngineError) throw error;
      return parkingOf(aboutRecord(record), 'reading it', error);
    }
  }

  #step(
    record: StoredRecord,
    recorded: Recorded<SeenEvent>,
    touched: TouchedDocuments,
    missing: Map<Projection<SeenEvent>, Touched[]>,
  ): Step {
    const touches: Touched[] = [];
    for (const projection of this.ports.projections) {
      let keys: readonly string[];
      try {
        keys = projection.keysOf(recorded);
        // What an engine can't keep stops the customer whose event it is, not the batch that it is in.
        for (const key of keys) checkDocumentKey(key);
      } catch (error) {
        return { record, touches: [], fault: parkingOf(aboutRecord(record), projection.name, error) };
      }
      if (keys.length === 0) continue;
      let of = touched.get(projection);
      if (of === undefined) touched.set(projection, (of = new Map()));
      for (const key of keys) {
        let entry = of.get(key);
        if (entry === undefined) {
          const cached = this.#documents.get(projection.name)?.get(key);
          entry = { projection, key, document: cached };
          of.set(key, entry);
          // A document that is named after this very event can't be there yet.
          if (cached === undefined && !key.startsWith(recorded.id)) {
            const list = missing.get(projection);
            if (list === undefined) missing.set(projection, [entry]);
            else list.push(entry);
          }
        }
        if (!touches.includes(entry)) touches.push(entry);
      }
    }
    return { record, recorded, touches };
  }

  /** Only documents that many events share are worth keeping. */
  #keep({ name, shared }: Projection<SeenEvent>, key: string, document: Document | undefined): void {
    const kept = document !== undefined && (shared === true || key === document['_customer']);
    if (kept) this.#documents.get(name)?.set(key, document);
    else this.#documents.get(name)?.delete(key);
  }
}

/** What a batch touches, by projection and key. */
type TouchedDocuments = Map<Projection<SeenEvent>, Map<string, Touched>>;

function* allOf(touched: TouchedDocuments): Generator<Touched> {
  for (const entries of touched.values()) yield* entries.values();
}
