import { EngineError } from '#libs/core';
import type { HeldKey, IndexedPlace, IndexEntry, LogIndex } from '#libs/core';
import { MongoBulkWriteError } from 'mongodb';
import type { ClientSession, Collection, Filter, UpdateFilter } from 'mongodb';
import { Batches } from './batches';
import type { MongoConnection } from './connection';
import { DuplicateKeyError, isDuplicate, retrying } from './faults';
import { inChunks } from './in-chunks';

/** One event; its key and the event whose state it carries are indexed beside its id. */
interface EntryDocument {
  readonly _id: string;
  readonly stream: string;
  readonly revision: number;
  readonly confirmed: boolean;
  readonly key?: string;
  /** The event that this one is about, where its role is `state`: nothing asks for the others. */
  readonly stateOf?: string;
  /** Its event will never be in the log; it only holds its key, or its stream's name. */
  readonly forgotten?: true;
}

/** Who holds a key. */
interface Holder extends IndexedPlace {
  readonly eventId: string;
}

/** A key may change hands between finding it held and finding by whom. */
const MAX_ATTEMPTS = 8;
const MAX_PAGE = 10_000;
/** Calls that one insert takes, and inserts on their way. */
const CALLS = { calls: 500, inFlight: 2 };

/** The index beside an event log, in the vault's database: one document an event, so that noting and claiming are one insert. */
export class MongoLogIndex implements LogIndex {
  readonly #entries: Collection<EntryDocument>;
  readonly #reservations = new Batches(
    (calls: readonly (readonly IndexEntry[])[]) => this.#reserveAll(calls),
    CALLS,
  );
  readonly #confirmations = new Batches(
    (calls: readonly (readonly IndexEntry[])[]) => this.#confirmAll(calls),
    CALLS,
  );

  private constructor(private readonly connection: MongoConnection) {
    this.#entries = connection.vault.collection('log_index');
  }

  static async open(connection: MongoConnection): Promise<MongoLogIndex> {
    const index = new MongoLogIndex(connection);
    await retrying('open the log index', async () => {
      await index.#entries.createIndex({ key: 1 }, { unique: true, sparse: true });
      await index.#entries.createIndex({ stateOf: 1 }, { sparse: true });
      await index.#entries.createIndex({ stream: 1 }, { partialFilterExpression: { revision: 0 } });
    });
    return index;
  }

  async reserve(entries: readonly IndexEntry[]): Promise<readonly HeldKey[]> {
    return entries.length === 0 ? [] : this.#reservations.add(entries);
  }

  async take({ key, stream, revision }: HeldKey, entry: IndexEntry): Promise<boolean> {
    try {
      return await this.connection.transaction('take a key', async (session) => {
        const holder = await this.#holderOf(key, session);
        if (holder?.eventId === entry.eventId) return true;
        if (holder?.stream !== stream || holder.revision !== revision || holder.confirmed) return false;
        await this.#move(holder.eventId, entry, session);
        return true;
      });
    } catch (error) {
      if (error instanceof DuplicateKeyError) return false;
      throw error;
    }
  }

  async confirm(entries: readonly IndexEntry[]): Promise<void> {
    if (entries.length > 0) await this.#confirmations.add(entries);
  }

  async forget(eventIds: readonly string[]): Promise<void> {
    await inChunks(eventIds, async (ids) => {
      const unconfirmed = { _id: { $in: ids }, confirmed: false };
      await this.connection.write('forget', (session) =>
        this.#entries.bulkWrite(
          [
            { deleteMany: { filter: { ...unconfirmed, key: { $exists: false }, revision: { $gt: 0 } } } },
            { updateMany: { filter: unconfirmed, update: { $set: { forgotten: true } } } },
          ],
          { session },
        ),
      );
      return [];
    });
  }

  async find(references: readonly string[]): Promise<readonly (IndexedPlace | undefined)[]> {
    const found = await inChunks(references, async (some) => {
      const read = (filter: Filter<EntryDocument>) =>
        this.connection.read('find', (session) =>
          this.#entries.find(filter, { session, batchSize: some.length }).toArray(),
        );
      const [byId, byKey] = await Promise.all([read({ _id: { $in: some } }), read({ key: { $in: some } })]);
      return [...byKey, ...byId];
    });
    const places = new Map<string, IndexedPlace>();
    for (const { _id, key, stream, revision, confirmed, forgotten } of found) {
      const place = { stream, revision, confirmed };
      if (key !== undefined) places.set(key, place);
      if (forgotten !== true) places.set(_id, place);
    }
    return references.map((reference) => places.get(reference));
  }

  async states(targets: readonly string[]): Promise<readonly IndexEntry[]> {
    const found = await inChunks(targets, (some) =>
      this.connection.read('find states', (session) =>
        this.#entries.find({ stateOf: { $in: some }, forgotten: { $exists: false } }, { session }).toArray(),
      ),
    );
    return found.map(({ _id, stream, revision, key, stateOf }) => ({
      eventId: _id,
      stream,
      revision,
      ...(key === undefined ? {} : { key }),
      ...(stateOf === undefined ? {} : { about: { target: stateOf, role: 'state' as const } }),
    }));
  }

  async streams(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ readonly items: readonly string[]; readonly next?: string }> {
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_PAGE) {
      throw new RangeError(`A page has 1 to ${MAX_PAGE} streams`);
    }
    const items = new Set<string>();
    for (let after = cursor ?? ''; ;) {
      const found = await this.connection.read('list streams', (session) =>
        this.#entries
          .find({ revision: 0, stream: { $gt: after } }, { session, projection: { _id: 0, stream: 1 } })
          .sort({ stream: 1 })
          .limit(limit + 1)
          .toArray(),
      );
      // Several events may have been reserved as a stream's first.
      for (const { stream } of found) {
        if (items.size === limit && !items.has(stream)) return { items: [...items], next: after };
        items.add(stream);
        after = stream;
      }
      if (found.length <= limit) return { items: [...items] };
    }
  }

  async #reserveAll(calls: readonly (readonly IndexEntry[])[]): Promise<readonly (readonly HeldKey[])[]> {
    const held = new Map<IndexEntry, HeldKey>();
    let left: readonly IndexEntry[] = calls.flat();
    for (let attempt = 0; left.length > 0 && attempt < MAX_ATTEMPTS; attempt++) {
      const refused = await this.#insert(left);
      left = await this.#noteAgain(refused, held);
    }
    if (left.length > 0) throw new EngineError('mongodb: reserve: its keys changed hands meanwhile');
    return calls.map((entries) => {
      const own = entries.flatMap((entry) => held.get(entry) ?? []);
      return [...new Map(own.map((one) => [one.key, one])).values()];
    });
  }

  async #confirmAll(calls: readonly (readonly IndexEntry[])[]): Promise<readonly void[]> {
    await inChunks(calls.flat(), async (some) => {
      const ids = some.flatMap(({ eventId, key }) => (key === undefined ? [eventId] : []));
      const keyed = some.flatMap(({ eventId, key }) => (key === undefined ? [] : [eventId]));
      const update = { $set: { confirmed: true }, $unset: { forgotten: true as const } };
      const noted = await this.connection.write('confirm', (session) =>
        this.#entries.bulkWrite(
          [
            { updateMany: { filter: { _id: { $in: ids } }, update } },
            { updateMany: { filter: { _id: { $in: keyed }, key: { $exists: true } }, update } },
          ],
          { session },
        ),
      );
      // As good as always everything was noted before, and this was one call.
      if (noted.matchedCount < new Set([...ids, ...keyed]).size) await this.#noteConfirmed(some);
      return [];
    });
    return calls.map(() => undefined);
  }

  /** Answers the entries that were refused: their key, or they themselves, were there already. */
  async #insert(entries: readonly IndexEntry[]): Promise<readonly IndexEntry[]> {
    return this.connection.write('reserve', async (session) => {
      try {
        await this.#entries.insertMany(
          entries.map((entry) => documentOf(entry)),
          { ordered: false, session },
        );
        return [];
      } catch (error) {
        if (!(error instanceof MongoBulkWriteError)) throw error;
        const failed = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
        if (failed.length === 0 || !failed.every(({ code }) => code === error.code) || !isDuplicate(error))
          throw error;
        return failed.flatMap(({ index }) => entries[index] ?? []);
      }
    });
  }

  /** Keys that another entry holds go to `held`; the rest is noted. Answers what lost a race, to be tried again. */
  async #noteAgain(
    refused: readonly IndexEntry[],
    held: Map<IndexEntry, HeldKey>,
  ): Promise<readonly IndexEntry[]> {
    if (refused.length === 0) return [];
    const holders = await this.#holders(refused);
    const free: IndexEntry[] = [];
    for (const entry of refused) {
      const holder = entry.key === undefined ? undefined : holders.get(entry.key);
      if (entry.key === undefined || holder === undefined || holder.eventId === entry.eventId) {
        free.push(entry);
      } else {
        const { stream, revision, confirmed } = holder;
        held.set(entry, { key: entry.key, stream, revision, confirmed });
      }
    }
    return (await this.#note(free, notice)) ? [] : free;
  }

  /** False where a key of theirs is held: then the others are noted. */
  async #note(
    entries: readonly IndexEntry[],
    update: (entry: IndexEntry) => UpdateFilter<EntryDocument>,
  ): Promise<boolean> {
    if (entries.length === 0) return true;
    const operations = entries.map((entry) => ({
      updateOne: { filter: { _id: entry.eventId }, update: update(entry), upsert: true },
    }));
    try {
      await this.connection.write('note entries', (session) =>
        this.#entries.bulkWrite(operations, { ordered: false, session }),
      );
      return true;
    } catch (error) {
      if (error instanceof DuplicateKeyError) return false;
      throw error;
    }
  }

  async #holders(entries: readonly IndexEntry[]): Promise<ReadonlyMap<string, Holder>> {
    const keys = entries.flatMap(({ key }) => (key === undefined ? [] : [key]));
    const found = await inChunks(keys, (some) =>
      this.connection.read('find holders', (session) =>
        this.#entries.find({ key: { $in: some } }, { session }).toArray(),
      ),
    );
    return new Map(found.map((document) => [document.key ?? '', holderOf(document)]));
  }

  async #holderOf(key: string, session: ClientSession): Promise<Holder | undefined> {
    const found = await this.#entries.findOne({ key }, { session });
    return found === null ? undefined : holderOf(found);
  }

  /** Notes all of these as confirmed: in bulk, and one by one where a key stands in the way. */
  async #noteConfirmed(entries: readonly IndexEntry[]): Promise<void> {
    if (await this.#note(entries, confirmation)) return;
    const holders = await this.#holders(entries);
    for (const entry of entries) {
      const holder = entry.key === undefined ? undefined : holders.get(entry.key);
      if (holder?.eventId !== entry.eventId) await this.#confirmHeld(entry);
    }
  }

  /** The log has the event, so the key is its own, unless the log has another event of that key as well. */
  async #confirmHeld(entry: IndexEntry): Promise<void> {
    await this.connection.transaction('confirm an entry', async (session) => {
      const { key, ...unkeyed } = entry;
      const holder = key === undefined ? undefined : await this.#holderOf(key, session);
      const another = holder !== undefined && holder.eventId !== entry.eventId;
      await this.#move(holder?.eventId, another && holder.confirmed ? unkeyed : entry, session, true);
    });
  }

  /** Takes the key from its unconfirmed holder and gives it to the entry's document, making that where it is not there. */
  async #move(
    holder: string | undefined,
    entry: IndexEntry,
    session: ClientSession,
    confirmed = false,
  ): Promise<void> {
    if (holder !== undefined && holder !== entry.eventId && entry.key !== undefined) {
      await this.#entries.updateOne({ _id: holder }, { $unset: { key: true } }, { session });
    }
    const update = confirmed ? confirmation(entry) : notice(entry);
    await this.#entries.updateOne({ _id: entry.eventId }, update, { session, upsert: true });
  }
}

function holderOf({ _id, stream, revision, confirmed }: EntryDocument): Holder {
  return { eventId: _id, stream, revision, confirmed };
}

function documentOf({ eventId, stream, revision, key, about }: IndexEntry): EntryDocument {
  return {
    _id: eventId,
    stream,
    revision,
    confirmed: false,
    ...(key === undefined ? {} : { key }),
    ...(about?.role === 'state' ? { stateOf: about.target } : {}),
  };
}

function notice(entry: IndexEntry): UpdateFilter<EntryDocument> {
  const { _id, confirmed, ...fields } = documentOf(entry);
  return { $set: fields, $setOnInsert: { confirmed } };
}

function confirmation(entry: IndexEntry): UpdateFilter<EntryDocument> {
  const { _id, confirmed, ...fields } = documentOf(entry);
  return { $set: { ...fields, confirmed: !confirmed }, $unset: { forgotten: true } };
}
