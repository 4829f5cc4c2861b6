import { checkDocumentKey, indexedFields, parseDocument } from '#libs/core';
import type { Document, DocumentsDefinition, IndexDefinition } from '#libs/core';
import { text } from '../sqlite';
import type { Row, Sqlite, SqlValue, Statement } from '../sqlite';

/** Keys looked up by one statement: a call of the driver costs more than finding a row. */
const KEYS_AT_ONCE = 500;

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
export const tableName = (projection: string): string => quote(`doc_${projection}`);
export const indexName = (projection: string, index: string): string => quote(`doc_${projection}_${index}`);
export const wordsName = (projection: string): string => quote(`words_${projection}`);
export const column = (field: string): string => quote(`f_${field}`);

/**
 * An index ends with its sort, the key (which orders ties) and what it covers. It holds the documents that have all of
 * its `fields`, and no others.
 */
function indexSchema(definition: DocumentsDefinition, index: IndexDefinition): string {
  const columns = [...index.fields.map(column), 'key', ...(index.covers ?? []).map(column)];
  const present = index.fields.map((field) => `${column(field)} IS NOT NULL`);
  const where = present.length === 0 ? '' : ` WHERE ${present.join(' AND ')}`;
  const name = indexName(definition.name, index.name);
  return `CREATE INDEX ${name} ON ${tableName(definition.name)} (${columns.join(', ')})${where};`;
}

export function tableSchema(definition: DocumentsDefinition): string {
  const columns = ['id INTEGER PRIMARY KEY', 'key TEXT NOT NULL UNIQUE', 'doc TEXT NOT NULL'];
  columns.push(...indexedFields(definition).map(column));
  const indexes = definition.indexes.map((index) => indexSchema(definition, index));
  if (definition.words?.indexed === true) {
    const words = 'word TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (word, key)';
    indexes.push(`CREATE TABLE ${wordsName(definition.name)} (${words}) WITHOUT ROWID;`);
  }
  return `CREATE TABLE ${tableName(definition.name)} (${columns.join(', ')});\n${indexes.join('\n')}`;
}

/** What an index holds of a field: text and numbers as they are, but U+0000, at which the driver would end a text. */
export function indexValue(value: unknown): string | number | null {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\u0001') : value;
  return typeof value === 'number' ? value : null;
}

/** The words of one projection's documents, each with the keys of those that have it. */
class WordIndex {
  readonly #field: string;
  readonly #known: Statement;
  readonly #add: Statement;
  readonly #remove: Statement;

  constructor(database: Sqlite, projection: string, field: string) {
    const table = wordsName(projection);
    this.#field = field;
    this.#known = database.prepare(`SELECT doc FROM ${tableName(projection)} WHERE key = ?`);
    this.#add = database.prepare(
      `INSERT OR IGNORE INTO ${table} (word, key) SELECT value, ? FROM json_each(?)`,
    );
    this.#remove = database.prepare(
      `DELETE FROM ${table} WHERE key = ? AND word IN (SELECT value FROM json_each(?))`,
    );
  }

  /** Call it before the document is written. Most writes change no word. */
  write(key: string, document: Document | undefined): void {
    const row = this.#known.get([key]);
    const before = row === undefined ? undefined : this.#wordsOf(parseDocument(text(row[0])));
    const after = this.#wordsOf(document);
    if (before === after) return;
    if (before !== undefined) this.#remove.run([key, asList(before)]);
    if (after !== undefined) this.#add.run([key, asList(after)]);
  }

  #wordsOf(document: Document | undefined): string | undefined {
    const words = document?.[this.#field];
    return typeof words === 'string' ? words : undefined;
  }
}

function asList(words: string): string {
  return JSON.stringify(words.split(' '));
}

/** The documents of one projection in one group's file. */
export class DocumentTable {
  readonly #fields: readonly string[];
  readonly #get: Statement;
  readonly #scan: Statement;
  readonly #upsert: Statement;
  readonly #update: Statement;
  readonly #remove: Statement;
  readonly #words: WordIndex | undefined;

  constructor(database: Sqlite, definition: DocumentsDefinition) {
    const { words } = definition;
    this.#words = words?.indexed === true ? new WordIndex(database, definition.name, words.field) : undefined;
    const table = tableName(definition.name);
    this.#fields = indexedFields(definition);
    const columns = this.#fields.map(column);
    const same = columns.map((name) => `${name} IS excluded.${name}`);
    this.#get = database.prepare(
      `SELECT key, doc FROM ${table} WHERE key IN (SELECT value FROM json_each(?))`,
    );
    this.#scan = database.prepare(`SELECT key, doc FROM ${table} WHERE key > ? ORDER BY key LIMIT ?`);
    this.#upsert = database.prepare(
      `INSERT INTO ${table} (${['key', 'doc', ...columns].join(', ')})
       VALUES (?, ?${', ?'.repeat(columns.length)})
       ON CONFLICT (key) DO UPDATE SET doc = excluded.doc${same.length === 0 ? '' : ` WHERE ${same.join(' AND ')}`}`,
    );
    this.#update = database.prepare(
      `UPDATE ${table} SET ${['doc', ...columns].map((name) => `${name} = ?`).join(', ')} WHERE key = ?`,
    );
    this.#remove = database.prepare(`DELETE FROM ${table} WHERE key = ?`);
  }

  /** Call it in a transaction. An update that changes no indexed field touches no index. */
  write(key: string, document: Document | undefined): void {
    this.#words?.write(key, document);
    if (document === undefined) {
      this.#remove.run([key]);
      return;
    }
    checkDocumentKey(key);
    const values: SqlValue[] = [key, JSON.stringify(document)];
    for (const field of this.#fields) values.push(indexValue(document[field]));
    if (this.#upsert.run(values) === 0) this.#update.run([...values.slice(1), key]);
  }

  getMany(keys: readonly string[]): (Document | undefined)[] {
    const found = new Map<string, Document>();
    for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
      for (const row of this.#get.all([JSON.stringify(keys.slice(start, start + KEYS_AT_ONCE))])) {
        const [key, document] = entry(row);
        found.set(key, document);
      }
    }
    return keys.map((key) => found.get(key));
  }

  scan(afterKey: string | undefined, limit: number): (readonly [string, Document])[] {
    return this.#scan.all([afterKey ?? '', limit]).map(entry);
  }
}

function entry(row: Row): readonly [string, Document] {
  return [text(row[0]), parseDocument(text(row[1]))];
}
