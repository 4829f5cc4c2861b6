import {
  checkPageLimit,
  DocumentCursors,
  MAX_QUERY_WORDS,
  MAX_WORD_MATCHES,
  parseDocument,
  QueryTooBroadError,
  rangeOfRarest,
} from '#libs/core';
import type {
  Document,
  DocumentPage,
  DocumentPlace,
  DocumentQuery,
  DocumentsDefinition,
  IndexDefinition,
} from '#libs/core';
import { MaxKey, MinKey, MongoServerError } from 'mongodb';
import type { ClientSession, Collection, Document as Bson, Filter, FindOptions } from 'mongodb';
import type { MongoConnection } from '../connection';
import { BY_WORDS, coversOf, fieldName, orderOf, presence } from './definition';
import type { StoredDocument } from './definition';

/** Bytes of documents after which a page ends early: it is built in memory, and again as text. */
const PAGE_BYTES = 8 * 1024 * 1024;
const BATCH = 1_000;
/** A query by words that finds little reads a customer's every document. */
const QUERY_TIMEOUT_MS = 20_000;
/** What the server says of bounds that leave nothing between them. */
const EMPTY_RANGE = 51_175;
const IN_PATTERN = /[\\^$.*+?()[\]{}|#\s\0-]/g;
const MIN = new MinKey();
const MAX = new MaxKey();

/** How one page is asked for. */
export interface FindPlan {
  readonly filter: Filter<StoredDocument>;
  readonly options: FindOptions;
}

/** A query that the definition can answer. */
export class PlannedQuery {
  readonly index: IndexDefinition;
  /** The index's fields after those that lead it and are given. */
  readonly sort: readonly string[];
  readonly #lead: readonly string[];
  /** Found through the index of words, and sorted: else the declared index is walked. */
  readonly #byWords: boolean;

  constructor(
    definition: DocumentsDefinition,
    readonly query: DocumentQuery,
  ) {
    const index = definition.indexes.find(({ name }) => name === query.index);
    if (index === undefined) throw new TypeError(`${definition.name} declares no index ${query.index}`);
    this.index = index;
    for (const field of Object.keys(query.equals)) {
      if (!index.fields.includes(field) && !index.covers?.includes(field)) {
        throw new TypeError(`Index ${index.name} of ${definition.name} does not know ${field}`);
      }
    }
    const lead = index.fields.findIndex((field) => query.equals[field] === undefined);
    this.#lead = lead === -1 ? index.fields : index.fields.slice(0, lead);
    this.sort = index.fields.slice(this.#lead.length);
    if (this.sort.length === 0 && (query.from !== undefined || query.to !== undefined)) {
      throw new TypeError(`Nothing is left of index ${index.name} for bounds`);
    }
    if (query.words !== undefined) checkWords(definition, query.words, this.#lead);
    this.#byWords = query.words !== undefined && definition.words?.indexed === true;
  }

  /** The index that answers it. */
  get hint(): string {
    return this.#byWords ? BY_WORDS : this.index.name;
  }

  /**
   * Bounds on the index's own entries give the keyset and both ends exactly, numbers before text, in one range: a
   * comparison in the filter would see values of its own type only. The server sorts nothing.
   */
  plan(place: DocumentPlace | undefined): FindPlan {
    const { order, from, to } = this.query;
    if (this.#byWords) return { filter: this.#filterByWords(place), options: this.#options() };
    const rest = this.sort.length + 1 + coversOf(this.index).length;
    const start = this.#bound([from ?? MIN], MIN, rest);
    const end = to === undefined ? this.#bound([], MAX, rest) : this.#bound([to], MIN, rest);
    return {
      filter: this.#filter(),
      options: {
        ...this.#options(),
        min: place !== undefined && order === 'asc' ? this.#bound(following(place), MIN, rest) : start,
        max: place !== undefined && order === 'desc' ? this.#bound(place, MIN, rest) : end,
      },
    };
  }

  #options(): FindOptions {
    const { order, limit } = this.query;
    const direction = order === 'asc' ? 1 : -1;
    return {
      hint: this.hint,
      sort: new Map(orderOf(this.index).map((name) => [name, direction])),
      projection: Object.fromEntries(['doc', ...this.sort.map(fieldName)].map((name) => [name, 1])),
      limit: limit + 1,
      batchSize: Math.min(limit + 1, BATCH),
      maxTimeMS: QUERY_TIMEOUT_MS,
    };
  }

  /** What the query may match in all: its filter and bounds, without a place. */
  matches(): Filter<StoredDocument> {
    if (this.#byWords) return this.#filterByWords(undefined);
    const { from, to } = this.query;
    const [first] = this.sort;
    if (first === undefined || (from === undefined && to === undefined)) return this.#filter();
    const bounds = {
      ...(from === undefined ? {} : { $gte: from }),
      ...(to === undefined ? {} : { $lt: to }),
    };
    return { $and: [this.#filter(), { [fieldName(first)]: bounds }] };
  }

  placeOf(stored: StoredDocument): DocumentPlace {
    const { _id: key } = stored;
    return [...this.sort.map((field) => stored[fieldName(field)] ?? ''), key];
  }

  /** An entry of the index that begins with the leading fields, then `values`, then `fill`. */
  #bound(values: readonly unknown[], fill: MinKey | MaxKey, rest: number): Bson {
    const names = [...orderOf(this.index), ...coversOf(this.index)];
    const all = [...this.#lead.map((field) => this.query.equals[field]), ...values];
    while (all.length < this.#lead.length + rest) all.push(fill);
    return Object.fromEntries(names.map((name, i) => [name, all[i]]));
  }

  /** Bounds and place as expressions, which compare values of different types as an index orders them. */
  #filterByWords(place: DocumentPlace | undefined): Filter<StoredDocument> {
    const { from, to, order, words = [] } = this.query;
    const rare = rangeOfRarest(words);
    const [first] = this.sort;
    const names = [...this.sort.map(fieldName), '_id'];
    const bounds = [
      ...(first === undefined || from === undefined ? [] : [compare('$gte', fieldName(first), from)]),
      ...(first === undefined || to === undefined ? [] : [compare('$lt', fieldName(first), to)]),
      ...(place === undefined ? [] : [beyond(order === 'asc' ? '$gt' : '$lt', names, place)]),
    ];
    // Of one and the same term: else its bounds could be met by two of them.
    const terms = { $elemMatch: { $gte: rare.from, $lt: rare.to } };
    return { ...this.#filter(), terms, $expr: { $and: bounds } };
  }

  #filter(): Filter<StoredDocument> {
    const { equals, words = [] } = this.query;
    const own = Object.entries(equals).map(([field, value]) => [fieldName(field), value]);
    const filter: Bson = { ...presence(this.index), ...Object.fromEntries(own) };
    const patterns = words.map((word) => ({ words: { $regex: ` ${literal(word)}` } }));
    return patterns.length === 0 ? filter : { ...filter, $and: patterns };
  }
}

/** A page of one projection's documents. */
export async function findPage(
  connection: MongoConnection,
  collection: Collection<StoredDocument>,
  definition: DocumentsDefinition,
  query: DocumentQuery,
): Promise<DocumentPage> {
  checkPageLimit(query.limit);
  const planned = new PlannedQuery(definition, query);
  const cursors = new DocumentCursors(definition, query, planned.sort.length + 1);
  const place = query.cursor === undefined ? undefined : cursors.read(query.cursor);
  return connection.read('find documents', async (session) => {
    if (place === undefined) await refuseTooBroad(collection, planned, session);
    return read(collection, planned, place, cursors, session);
  });
}

/** Asked once, of the first page: what follows it is as broad as that was. */
async function refuseTooBroad(
  collection: Collection<StoredDocument>,
  planned: PlannedQuery,
  session: ClientSession,
): Promise<void> {
  if (planned.query.words === undefined) return;
  const options = {
    session,
    hint: planned.hint,
    limit: MAX_WORD_MATCHES + 1,
    maxTimeMS: QUERY_TIMEOUT_MS,
  };
  const count = await collection.countDocuments(planned.matches(), options);
  if (count > MAX_WORD_MATCHES) throw new QueryTooBroadError(`more than ${MAX_WORD_MATCHES} documents match`);
}

async function read(
  collection: Collection<StoredDocument>,
  planned: PlannedQuery,
  after: DocumentPlace | undefined,
  cursors: DocumentCursors,
  session: ClientSession,
): Promise<DocumentPage> {
  const { filter, options } = planned.plan(after);
  const found = collection.find(filter, { ...options, session });
  const items: Document[] = [];
  let place = after;
  let bytes = 0;
  try {
    for await (const stored of found) {
      if (place !== undefined && (items.length === planned.query.limit || bytes > PAGE_BYTES)) {
        return { items, next: cursors.write(place) };
      }
      place = planned.placeOf(stored);
      items.push(parseDocument(stored.doc));
      bytes += stored.doc.length;
    }
    return { items };
  } catch (error) {
    if (error instanceof MongoServerError && error.code === EMPTY_RANGE) return { items: [] };
    throw error;
  } finally {
    await found.close();
  }
}

function compare(operator: '$eq' | '$gt' | '$gte' | '$lt', name: string, value: unknown): Bson {
  return { [operator]: [`$${name}`, { $literal: value }] };
}

/** What comes after a place, or before it: the first of these members that differs decides. */
function beyond(operator: '$gt' | '$lt', names: readonly string[], place: DocumentPlace): Bson {
  const equal = (upTo: number): Bson[] =>
    names.slice(0, upTo).map((name, i) => compare('$eq', name, place[i]));
  return { $or: names.map((name, i) => ({ $and: [...equal(i), compare(operator, name, place[i])] })) };
}

/** Keys have no U+0000, so no key lies between one and the same with U+0000 after it. */
function following(place: DocumentPlace): DocumentPlace {
  return [...place.slice(0, -1), `${String(place.at(-1))}\0`];
}

function checkWords(
  definition: DocumentsDefinition,
  words: readonly string[],
  lead: readonly string[],
): void {
  if (definition.words === undefined) throw new TypeError(`${definition.name} declares no words`);
  if (!lead.includes(definition.words.scope)) {
    throw new TypeError(
      `A query by words needs ${definition.words.scope} among the fields that lead its index`,
    );
  }
  if (words.length === 0 || words.length > MAX_QUERY_WORDS)
    throw new RangeError(`1 to ${MAX_QUERY_WORDS} words`);
  for (const word of words) {
    if (word === '' || word.includes(' ') || !word.isWellFormed())
      throw new RangeError('A word has no blanks');
  }
}

/** A word as a pattern that matches itself. */
function literal(word: string): string {
  return word.replaceAll(IN_PATTERN, (character) =>
    character === '\0' ? String.raw`\x00` : `\\${character}`,
  );
}
