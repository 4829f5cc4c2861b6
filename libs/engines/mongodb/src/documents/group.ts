import { randomUUID } from 'node:crypto';
import { checkDocumentKey, checkPageLimit, EngineError, parseDocument } from '#libs/core';
import type { Checkpoint, Document, DocumentCommit, DocumentGroup, DocumentPage } from '#libs/core';
import type { DocumentQuery, DocumentsDefinition, DocumentWrite, Parking, Progress } from '#libs/core';
import type { AnyBulkWriteOperation, ClientSession, Collection } from 'mongodb';
import type { MongoConnection } from '../connection';
import { DuplicateKeyError } from '../faults';
import { inChunks } from '../in-chunks';
import { documentsName, progressName, whereParked } from './definition';
import type { StoredDocument } from './definition';
import { findPage } from './find';
import type { GroupRegistry } from './registry';
import { DocumentCodec } from './stored-document';

interface ProgressDocument {
  readonly _id: string;
  readonly revision: number;
  readonly position: number;
  readonly parked?: Parking;
  /** Only beside `parked`. */
  readonly retry?: true;
}

/** A partition's: written by every commit, so that two writers of one partition always meet here. */
interface CheckpointDocument {
  readonly _id: number;
  readonly at: Checkpoint | null;
  /** Which commit was the last: how one that heard no answer knows its own trace. */
  readonly writtenBy: string;
}

interface Part {
  readonly definition: DocumentsDefinition;
  readonly collection: Collection<StoredDocument>;
  readonly codec: DocumentCodec;
}

/** Wrote the checkpoint that was not there when it was looked for. */
const NOBODY = 'nobody';

type Outcome = 'committed' | 'fenced';

/**
 * One group's documents, progress and checkpoints: a collection a projection, one each for the rest.
 *
 * What a batch is folded on is read before the transaction that commits it: read inside, the transaction would stay open
 * for as long as the folding takes, against its limit of a minute, and a conflict would have everything folded again. It
 * is as sound: `MongoConnection` reads nothing older than what we have seen, and the checkpoint tells in the transaction
 * whether anybody has written since.
 */
export class MongoDocumentGroup implements DocumentGroup {
  readonly #parts = new Map<string, Part>();
  readonly #progress: Collection<ProgressDocument>;
  readonly #checkpoints: Collection<CheckpointDocument>;
  /**
   * Who wrote last, as this object knows: not every commit moves the checkpoint, so its value alone would not tell that
   * somebody else wrote documents of the partition meanwhile.
   */
  readonly #lastWriter = new Map<number, string>();

  /** `prefix` begins the names of the group's collections. */
  constructor(
    private readonly connection: MongoConnection,
    private readonly registry: GroupRegistry,
    readonly id: string,
    readonly projections: readonly DocumentsDefinition[],
    private readonly prefix: string,
  ) {
    for (const definition of projections) {
      const collection = connection.main.collection<StoredDocument>(documentsName(prefix, definition));
      this.#parts.set(definition.name, { definition, collection, codec: new DocumentCodec(definition) });
    }
    this.#progress = connection.main.collection(progressName(prefix));
    this.#checkpoints = connection.main.collection(`${prefix}.checkpoints`);
  }

  async getMany(projection: string, keys: readonly string[]): Promise<readonly (Document | undefined)[]> {
    const { collection } = this.#of(projection);
    const found = await inChunks(keys, (some) =>
      this.connection.read('get documents', (session) =>
        collection
          .find({ _id: { $in: some } }, { session, projection: { doc: 1 }, batchSize: some.length })
          .map(({ _id, doc }) => [_id, parseDocument(doc)] as const)
          .toArray(),
      ),
    );
    const documents = new Map(found);
    return keys.map((key) => documents.get(key));
  }

  async find(projection: string, query: DocumentQuery): Promise<DocumentPage> {
    const { collection, definition } = this.#of(projection);
    return findPage(this.connection, collection, definition, query);
  }

  async scan(
    projection: string,
    afterKey: string | undefined,
    limit: number,
  ): Promise<readonly (readonly [string, Document])[]> {
    checkPageLimit(limit);
    const { collection } = this.#of(projection);
    return this.connection.read('scan documents', (session) =>
      collection
        .find({ _id: { $gt: afterKey ?? '' } }, { session, projection: { doc: 1 }, batchSize: limit })
        .sort({ _id: 1 })
        .limit(limit)
        .map(({ _id, doc }) => [_id, parseDocument(doc)] as const)
        .toArray(),
    );
  }

  async progress(streams: readonly string[]): Promise<readonly (Progress | undefined)[]> {
    const found = await inChunks(streams, (some) =>
      this.connection.read('read progress', (session) =>
        this.#progress.find({ _id: { $in: some } }, { session, batchSize: some.length }).toArray(),
      ),
    );
    const byStream = new Map(found.map(progressOf).map((progress) => [progress.stream, progress]));
    return streams.map((stream) => byStream.get(stream));
  }

  async checkpoint(partition: number): Promise<Checkpoint | undefined> {
    const stored = await this.connection.read('read a checkpoint', (session) =>
      this.#checkpoints.findOne({ _id: partition }, { session }),
    );
    this.#lastWriter.set(partition, stored?.writtenBy ?? NOBODY);
    return stored?.at ?? undefined;
  }

  async checkpoints(): Promise<ReadonlyMap<number, Checkpoint>> {
    const stored = await this.connection.read('read checkpoints', (session) =>
      this.#checkpoints
        .find({ at: { $ne: null } }, { session })
        .sort({ _id: 1 })
        .toArray(),
    );
    return new Map(stored.flatMap(({ _id, at }) => (at === null ? [] : [[_id, at] as const])));
  }

  async parked(
    afterStream = '',
    limit: number,
    which: 'all' | 'retry' = 'all',
  ): Promise<readonly Progress[]> {
    checkPageLimit(limit);
    const filter = { ...whereParked(afterStream), ...(which === 'all' ? {} : { retry: true as const }) };
    const found = await this.connection.read('read what is parked', (session) =>
      this.#progress.find(filter, { session, batchSize: limit }).sort({ _id: 1 }).limit(limit).toArray(),
    );
    return found.map(progressOf);
  }

  countParked(): Promise<number> {
    return this.connection.read('count what is parked', (session) =>
      this.#progress.countDocuments(whereParked(), { session }),
    );
  }

  async markParked(): Promise<void> {
    await this.connection.write('mark what is parked', (session) =>
      this.#progress.updateMany(whereParked(), { $set: { retry: true } }, { session }),
    );
  }

  /** Throws `EngineError` where the server can't be reached: the batch can be tried again. */
  async commit(batch: DocumentCommit): Promise<Outcome> {
    const writes = this.#writesOf(batch.documents);
    const progress = batch.progress.map(({ stream, revision, position, parked, retry }) => {
      const mark = retry === true ? { retry } : {};
      const replacement = { revision, position, ...(parked === undefined ? {} : { parked, ...mark }) };
      return { replaceOne: { filter: { _id: stream }, replacement, upsert: true } };
    });
    const writtenBy = randomUUID();
    try {
      const outcome = await this.connection.transaction<Outcome>(
        'commit documents',
        async (session, attempt) => {
          const moved = await this.#moveCheckpoint(batch, writtenBy, session);
          if (moved !== 'moved') return attempt > 0 && moved === writtenBy ? 'committed' : 'fenced';
          for (const [collection, operations] of writes) {
            await collection.bulkWrite(operations, { session, ordered: false });
          }
          if (progress.length > 0) await this.#progress.bulkWrite(progress, { session, ordered: false });
          return 'committed';
        },
      );
      if (outcome === 'committed') this.#lastWriter.set(batch.partition, writtenBy);
      return outcome;
    } catch (error) {
      // Somebody else's first checkpoint of this partition was there first.
      if (error instanceof DuplicateKeyError) return 'fenced';
      throw error;
    }
  }

  /** `moved`, or who wrote the checkpoint that is there instead. */
  async #moveCheckpoint(
    { partition, expected, next }: DocumentCommit,
    writtenBy: string,
    session: ClientSession,
  ): Promise<string> {
    const wanted = {
      'at.topicId': expected?.topicId,
      'at.offset': expected?.offset,
      'at.position': expected?.position,
    };
    const last = this.#lastWriter.get(partition);
    const filter = {
      _id: partition,
      ...(expected === undefined ? { at: null } : wanted),
      ...(last === undefined ? {} : { writtenBy: last }),
    };
    const update = { $set: next === undefined ? { writtenBy } : { writtenBy, at: plain(next) } };
    const { matchedCount } = await this.#checkpoints.updateOne(filter, update, { session });
    if (matchedCount === 1) return 'moved';
    const stored = await this.#checkpoints.findOne({ _id: partition }, { session });
    if (stored !== null) return stored.writtenBy;
    if (expected !== undefined) return NOBODY;
    // The first commit of a partition would otherwise make a dropped group's collections again.
    if (!(await this.registry.has(this.id, this.prefix, session))) {
      throw new EngineError(`mongodb: group ${this.id} was dropped`);
    }
    const first = { _id: partition, writtenBy, at: next === undefined ? null : plain(next) };
    await this.#checkpoints.insertOne(first, { session });
    return 'moved';
  }

  #writesOf(
    documents: readonly DocumentWrite[],
  ): ReadonlyMap<Collection<StoredDocument>, AnyBulkWriteOperation<StoredDocument>[]> {
    const writes = new Map<Collection<StoredDocument>, AnyBulkWriteOperation<StoredDocument>[]>();
    for (const { projection, key, document } of documents) {
      const { collection, codec } = this.#of(projection);
      let operations = writes.get(collection);
      if (operations === undefined) writes.set(collection, (operations = []));
      if (document === undefined) {
        operations.push({ deleteOne: { filter: { _id: key } } });
      } else {
        checkDocumentKey(key);
        operations.push({
          replaceOne: { filter: { _id: key }, replacement: codec.write(document), upsert: true },
        });
      }
    }
    return writes;
  }

  #of(projection: string): Part {
    const found = this.#parts.get(projection);
    if (found === undefined) throw new TypeError(`Group ${this.id} has no projection ${projection}`);
    return found;
  }
}

function progressOf({ _id: stream, revision, position, parked, retry }: ProgressDocument): Progress {
  const mark = retry === true ? { retry } : {};
  return { stream, revision, position, ...(parked === undefined ? {} : { parked, ...mark }) };
}

function plain({ topicId, offset, position }: Checkpoint): Checkpoint {
  return { topicId, offset, position };
}
