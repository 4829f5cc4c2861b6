import type { DocumentsDefinition, IndexDefinition } from '#libs/core';
import type { IndexDescription } from 'mongodb';

/** A stored document: its text, and beside it what its indexes need. The text alone is what was written. */
export interface StoredDocument {
  /** The document's key. */
  readonly _id: string;
  /** JSON, so that every name and value comes back as it was: MongoDB has no names with U+0000, and minds dollars. */
  readonly doc: string;
  /** Its words, each after a blank. */
  readonly words?: string;
  readonly [indexed: `f_${string}`]: string | number;
}

/** The group was made with other projections, versions or indexes; those need a group of their own. */
export class GroupDefinitionError extends Error {
  override readonly name = 'GroupDefinitionError';
}

/** A field's name beside the document: dots and dollars mean something to MongoDB. */
export function fieldName(field: string): `f_${string}` {
  return `f_${field.replaceAll(/[%.$\0]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)}`;
}

/** The fields that an index names: each stands beside the document. */
export function indexedFields(definition: DocumentsDefinition): readonly string[] {
  const fields = new Set<string>();
  for (const index of definition.indexes) {
    for (const field of [...index.fields, ...(index.covers ?? [])]) fields.add(field);
  }
  return [...fields];
}

/** Fields of an index that order it: those declared, then the key. What it covers follows. */
export function orderOf(index: IndexDefinition): readonly string[] {
  return [...index.fields.map(fieldName), '_id'];
}

export function coversOf(index: IndexDefinition): readonly string[] {
  return (index.covers ?? []).map(fieldName);
}

/** An index holds the documents that have all of its `fields`, and no others. */
export function indexDescriptions(definition: DocumentsDefinition): IndexDescription[] {
  return definition.indexes.map((index) => ({
    name: index.name,
    key: new Map([...orderOf(index), ...coversOf(index)].map((name) => [name, 1])),
    partialFilterExpression: presence(index),
  }));
}

/** Every one of the index's fields is there: MongoDB takes a partial index only where the query says so too. */
export function presence(index: IndexDefinition): Record<string, { $exists: true }> {
  return Object.fromEntries(index.fields.map((field) => [fieldName(field), { $exists: true }]));
}

/** No projection's collection is called like the group's own ones. */
export function documentsName(prefix: string, { name }: DocumentsDefinition): string {
  return `${prefix}.doc.${name}`;
}

/** Equal texts are equal definitions. */
export function describeProjections(projections: readonly DocumentsDefinition[]): string {
  const described = projections.map(({ name, version, indexes, words }) => ({
    name,
    version,
    indexes: indexes.map((index) => [index.name, index.fields, index.covers ?? []]),
    words: words === undefined ? null : [words.field, words.scope],
  }));
  return JSON.stringify(described.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
}

/** With which projections a described group was made. */
export function projectionsOf(
  description: string,
): readonly { readonly name: string; readonly version: number }[] {
  const described: { name: string; version: number }[] = JSON.parse(description);
  return described.map(({ name, version }) => ({ name, version }));
}
