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
  DocumentQuery,
  DocumentsDefinition,
  IndexDefinition,
  IndexValue,
} from '#libs/core';
import type { Row, Sqlite, SqlValue, Statement } from '../sqlite';
import { column, indexName, indexValue, tableName, wordsName } from './table';

/** Statements kept; how many shapes of a query there are is the definitions' choice. */
const MAX_STATEMENTS = 256;
/** A query by words looks at this many documents a statement, and stops between statements when its time is over. */
const WORDS_CHUNK = 250;
const WORDS_BUDGET_MS = 25;

/** Documents read at once, and bytes of them after which a page ends early: it is built in memory, and again as text. */
const READ_AT_ONCE = 64;
const PAGE_BYTES = 8 * 1024 * 1024;

/** A query without its values: what its statement is made of. */
export interface Shape {
  readonly index: IndexDefinition;
  readonly equals: readonly string[];
  /** The index's fields after those that lead it and are given. */
  readonly sort: readonly string[];
  readonly order: 'asc' | 'desc';
  readonly lower: 'from' | 'after' | 'none';
  readonly upper: 'to' | 'after' | 'none';
  readonly words: number;
  /** Found through the index of words, and sorted: else the declared index is walked. */
  readonly byWords: boolean;
}

export function shapeOf(definition: DocumentsDefinition, query: DocumentQuery, after: boolean): Shape {
  const index = definition.indexes.find(({ name }) => name === query.index);
  if (index === undefined) throw new TypeError(`${definition.name} declares no index ${query.index}`);
  const equals = Object.keys(query.equals).toSorted();
  for (const field of equals) {
    if (!index.fields.includes(field) && !index.covers?.includes(field)) {
      throw new TypeError(`Index ${index.name} of ${definition.name} does not know ${field}`);
    }
  }
  const lead = index.fields.findIndex((field) => !equals.includes(field));
  const sort = lead === -1 ? [] : index.fields.slice(lead);
  if (sort.length === 0 && (query.from !== undefined || query.to !== undefined)) {
    throw new TypeError(`Nothing is left of index ${index.name} for bounds`);
  }
  const words = wordsOf(definition, query, index.fields.slice(0, index.fields.length - sort.length));
  const { order } = query;
  // A cursor lies within the bounds of its query, so it takes the place of the bound that the page begins at.
  const lower = after && order === 'asc' ? 'after' : query.from === undefined ? 'none' : 'from';
  const upper = after && order === 'desc' ? 'after' : query.to === undefined ? 'none' : 'to';
  const byWords = words > 0 && definition.words?.indexed === true;
  return { index, equals, sort, order, lower, upper, words, byWords };
}

function wordsOf(definition: DocumentsDefinition, query: DocumentQuery, lead: readonly string[]): number {
  if (query.words === undefined) return 0;
  if (definition.words === undefined) throw new TypeError(`${definition.name} declares no words`);
  if (!lead.includes(definition.words.scope)) {
    throw new TypeError(
      `A query by words needs ${definition.words.scope} among the fields that lead its index`,
    );
  }
  if (query.words.length === 0 || query.words.length > MAX_QUERY_WORDS)
    throw new RangeError(`1 to ${MAX_QUERY_WORDS} words`);
  for (const word of query.words) {
    if (word === '' || word.includes(' ') || !word.isWellFormed())
      throw new RangeError('A word has no blanks');
  }
  return query.words.length;
}

/** Values in order: words, those of `conditionsOf`, limit. */
export function findSql(definition: DocumentsDefinition, shape: Shape): string {
  const { sort, order } = shape;
  const place = [...sort.map(column), 'key'];
  const holds = Array.from({ length: shape.words }, () => 'instr(doc, ?) > 0').join(' AND ');
  const document = shape.words === 0 ? 'doc' : `CASE WHEN ${holds} THEN doc END`;
  const after = `(${place.join(', ')}) ${order === 'asc' ? '>' : '<'} (${place.map(() => '?').join(', ')})`;
  const where = conditionsOf(definition, shape, after);
  return `SELECT ${[document, ...place].join(', ')} FROM ${sourceOf(definition, shape)}
    ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`}
    ORDER BY ${place.map((name) => `${name} ${order}`).join(', ')} LIMIT ?`;
}

/** The hint makes SQLite refuse what the index can't answer. */
function sourceOf({ name }: DocumentsDefinition, { index, byWords }: Shape): string {
  return byWords ? tableName(name) : `${tableName(name)} INDEXED BY ${indexName(name, index.name)}`;
}

/** Values in order: the rarest word's beginning and what follows all that begin so, equals, lower, upper. */
function conditionsOf({ name }: DocumentsDefinition, shape: Shape, after: string): readonly string[] {
  const { index, sort, byWords } = shape;
  const lead = byWords ? [] : index.fields.slice(0, index.fields.length - sort.length);
  const first = sort[0] === undefined ? 'key' : column(sort[0]);
  return [
    ...(byWords ? [`key IN (SELECT key FROM ${wordsName(name)} WHERE word >= ? AND word < ?)`] : []),
    // A plus keeps the planner from making a filter part of the order, which it then would sort by itself.
    ...shape.equals.map((field) => `${lead.includes(field) ? '' : '+'}${column(field)} = ?`),
    ...(shape.lower === 'none' ? [] : [shape.lower === 'after' ? after : `${first} >= ?`]),
    ...(shape.upper === 'none' ? [] : [shape.upper === 'after' ? after : `${first} < ?`]),
    ...sort.map((field) => `${column(field)} IS NOT NULL`),
  ];
}

/** Values in order: those of `conditionsOf`, then each word twice. Counts matches, one more than are allowed at the most. */
function countSql(definition: DocumentsDefinition, shape: Shape, field: string): string {
  const text = `' ' || json_extract(doc, '$.${field}')`;
  const holds = Array.from(
    { length: shape.words },
    () => `instr(doc, ?) > 0 AND instr(${text}, ' ' || ?) > 0`,
  );
  return `SELECT count(*) FROM (
    SELECT 1 FROM ${sourceOf(definition, shape)}
    WHERE ${[...conditionsOf(definition, shape, ''), ...holds].join(' AND ')} LIMIT ${MAX_WORD_MATCHES + 1})`;
}

/** Answers queries of one projection over its declared indexes. */
export class Finder {
  readonly #statements = new Map<string, Statement>();

  constructor(
    readonly database: Sqlite,
    readonly definition: DocumentsDefinition,
  ) {}

  /** Reads on until the page is full, or, by words, until its time is over: then the page is short and has a `next`. */
  find(query: DocumentQuery): DocumentPage {
    checkPageLimit(query.limit);
    const { sort } = shapeOf(this.definition, query, false);
    const cursors = new DocumentCursors(this.definition, query, sort.length + 1);
    if (query.cursor === undefined) this.#refuseTooBroad(query);
    let place = query.cursor === undefined ? undefined : cursors.read(query.cursor);
    const chunk = query.words === undefined ? Math.min(query.limit + 1, READ_AT_ONCE) : WORDS_CHUNK;
    const deadline = performance.now() + WORDS_BUDGET_MS;
    const items: Document[] = [];
    let bytes = 0;
    for (;;) {
      const rows = this.#rows(query, place, chunk);
      for (const row of rows) {
        if ((items.length === query.limit || bytes > PAGE_BYTES) && place !== undefined)
          return { items, next: cursors.write(place) };
        place = placeOf(row);
        const document = this.#match(row, query.words ?? []);
        if (document === undefined) continue;
        items.push(document);
        bytes += typeof row[0] === 'string' ? row[0].length : 0;
      }
      if (rows.length < chunk || place === undefined) return { items };
      if (query.words !== undefined && performance.now() > deadline)
        return { items, next: cursors.write(place) };
    }
  }

  /** Counting reads the whole scope, so it is done only where the scope is large enough to hold too many. */
  #refuseTooBroad(query: DocumentQuery): void {
    const { words } = this.definition;
    if (query.words === undefined || words === undefined) return;
    const table = tableName(this.definition.name);
    const large = `SELECT 1 FROM ${table} WHERE ${column(words.scope)} = ? LIMIT 1 OFFSET ${MAX_WORD_MATCHES}`;
    if (this.#statement(large).get([indexValue(query.equals[words.scope])]) === undefined) return;
    const { cursor: _none, ...whole } = query;
    const shape = shapeOf(this.definition, whole, false);
    const values = this.#bounds(whole, shape, undefined);
    for (const word of query.words) values.push(JSON.stringify(word).slice(1, -1), word);
    const [count] = this.#statement(countSql(this.definition, shape, words.field)).get(values) ?? [];
    if (Number(count) > MAX_WORD_MATCHES) throw new QueryTooBroadError(`more than ${MAX_WORD_MATCHES} match`);
  }

  #bounds(query: DocumentQuery, shape: Shape, after: readonly IndexValue[] | undefined): SqlValue[] {
    const bounds = { from: [query.from ?? null], to: [query.to ?? null], after: after ?? [], none: [] };
    const equals = shape.equals.map((field) => indexValue(query.equals[field]));
    const { from, to } = rangeOfRarest(query.words ?? []);
    const through = shape.byWords ? [from, to] : [];
    return [
      ...through,
      ...equals,
      ...bounds[shape.lower].map(indexValue),
      ...bounds[shape.upper].map(indexValue),
    ];
  }

  #rows(query: DocumentQuery, after: readonly IndexValue[] | undefined, limit: number): Row[] {
    const shape = shapeOf(this.definition, query, after !== undefined);
    const values: SqlValue[] = (query.words ?? []).map((word) => JSON.stringify(word).slice(1, -1));
    values.push(...this.#bounds(query, shape, after), limit);
    return this.#statement(findSql(this.definition, shape)).all(values);
  }

  /** SQLite has seen the words' beginnings somewhere in the document; here they must begin one of its words. */
  #match(row: Row, words: readonly string[]): Document | undefined {
    const stored = row[0];
    if (typeof stored !== 'string') return undefined;
    const document = parseDocument(stored);
    if (words.length === 0 || this.definition.words === undefined) return document;
    const own = document[this.definition.words.field];
    const parted = typeof own === 'string' ? ` ${own}` : '';
    return words.every((word) => parted.includes(` ${word}`)) ? document : undefined;
  }

  #statement(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    for (const [oldest, statement] of this.#statements) {
      if (this.#statements.size < MAX_STATEMENTS) break;
      this.#statements.delete(oldest);
      this.database.release(statement);
    }
    const statement = this.database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function placeOf(row: Row): readonly IndexValue[] {
  const place: IndexValue[] = [];
  for (const value of row.slice(1)) {
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new TypeError('An index holds text and numbers only');
    place.push(value);
  }
  return place;
}
