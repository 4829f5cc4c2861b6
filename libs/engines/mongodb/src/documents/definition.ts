import type { DocumentsDefinition, IndexDefinition } from '#libs/core';
import type { CreateIndexesOptions, IndexDescription, IndexSpecification } from 'mongodb';

/** A stored document: its text, and beside it what its indexes need. The text alone is what was written. */
export interface StoredDocument {
  /** The document's key. */
  readonly _id: string;
  /** JSON, so that every name and value comes back as it was: MongoDB has no names with U+0000, and minds dollars. */
  readonly doc: string;
  /** Its words, each after a blank. */
  readonly words?: string;
  /** The same one by one, where they have an index of their own. */
  readonly terms?: readonly string[];
  readonly [indexed: `f_${string}`]: string | number;
}

/** A field's name beside the document: dots and dollars mean something to MongoDB. */
export function fieldName(field: string): `f_${string}` {
  return `f_${field.replaceAll(/[%.$\0]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)}`;
}

/** Fields of an index that order it: those declared, then the key. What it covers follows. */
export function orderOf(index: IndexDefinition): readonly string[] {
  return [...index.fields.map(fieldName), '_id'];
}

export function coversOf(index: IndexDefinition): readonly string[] {
  return (index.covers ?? []).map(fieldName);
}

/** Name of the index of words. */
export const BY_WORDS = 'words';

/** An index holds the documents that have all of its `fields`, and no others. */
export function indexDescriptions({ indexes, words }: DocumentsDefinition): IndexDescription[] {
  const declared = indexes.map((index) => ({
    name: index.name,
    key: new Map([...orderOf(index), ...coversOf(index)].map((name) => [name, 1])),
    partialFilterExpression: presence(index),
  }));
  if (words?.indexed !== true) return declared;
  const key = new Map([fieldName(words.scope), 'terms'].map((name) => [name, 1]));
  return [...declared, { name: BY_WORDS, key }];
}

/** Every one of the index's fields is there: MongoDB takes a partial index only where the query says so too. */
export function presence(index: IndexDefinition): Record<string, { $exists: true }> {
  return Object.fromEntries(index.fields.map((field) => [fieldName(field), { $exists: true }]));
}

/** No projection's collection is called like the group's own ones. */
export function documentsName(prefix: string, { name }: DocumentsDefinition): string {
  return `${prefix}.doc.${name}`;
}

export function progressName(prefix: string): string {
  return `${prefix}.progress`;
}

/** What is parked, in the order of the streams: a handful among all of them. */
export const PARKED_INDEX: [IndexSpecification, CreateIndexesOptions] = [
  { _id: 1, retry: 1 },
  { name: 'parked', partialFilterExpression: { parked: { $exists: true } } },
];

/** MongoDB takes that index only where the query begins with its first field. */
export function whereParked(afterStream = ''): { _id: { $gt: string }; parked: { $exists: true } } {
  return { _id: { $gt: afterStream }, parked: { $exists: true } };
}
