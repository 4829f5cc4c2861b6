import { isJsonObject } from './json';
import type { Json } from './json';
import type { Instant } from './time';

/** What every fold sees beside an event's data. `occurredAt` falls back to `recordedAt` where the event has none. */
export interface Recorded<Event> {
  readonly event: Event;
  readonly id: string;
  readonly stream: string;
  readonly customerId: string;
  readonly revision: number;
  readonly position: number;
  readonly recordedAt: Instant;
  readonly occurredAt: Instant;
  /** The customer's, of the feed: what shared documents are kept apart by. */
  readonly bucket: number;
}

/**
 * Its members that begin with `_` are not answered. The runtime sets `_position` and `_projection` (name@version), of
 * an own document `_customer` and `_revision`, of a shared one `_bucket`.
 */
export interface Document {
  readonly [field: string]: Json | undefined;
}

export function parseDocument(json: string): Document {
  const value: unknown = JSON.parse(json);
  if (!isJsonObject(value)) throw new TypeError('A stored document is no object');
  return value;
}

/** A declared index: `fields` in order (equality first, then the sort), `covers` for filters answered without the document. */
export interface IndexDefinition {
  readonly name: string;
  readonly fields: readonly string[];
  readonly covers?: readonly string[];
}

/**
 * A word index: `field` holds a document's words, normalised and parted by single blanks; a query gives prefixes of
 * them and is answered within one value of `scope` (a customer, say).
 */
export interface WordsDefinition {
  readonly field: string;
  readonly scope: string;
  /**
   * Engines keep an index of the words themselves: for a scope that is large and documents whose words seldom change. Without
   * it a query reads the scope's documents one after the other, and a write costs nothing more.
   */
  readonly indexed?: true;
}

const LAST_CHARACTER = '\u{10FFFF}';

/**
 * What an index of words is asked for: of a query's words the longest, which fewest documents can be expected to have.
 * What begins with it stands from `from` on and before `to`.
 */
export function rangeOfRarest(words: readonly string[]): { readonly from: string; readonly to: string } {
  const from = words.reduce((longest, word) => (word.length > longest.length ? word : longest), '');
  return { from, to: from + LAST_CHARACTER };
}

export interface DocumentsDefinition {
  readonly name: string;
  readonly version: number;
  /** Id of the fitted model whose parameters this version folds with: another model is another version. */
  readonly model?: string;
  readonly indexes: readonly IndexDefinition[];
  readonly words?: WordsDefinition;
}

/** What identifies a definition among those of a build. */
export type MadeWith = Pick<DocumentsDefinition, 'name' | 'version' | 'model'>;

/** The fields that indexes name, each once: an engine keeps them beside the document. */
export function indexedFields(definition: DocumentsDefinition): readonly string[] {
  const fields = new Set<string>();
  for (const index of definition.indexes) {
    for (const field of [...index.fields, ...(index.covers ?? [])]) fields.add(field);
  }
  return [...fields];
}

/** Equal texts are equal definitions. */
export function describeProjections(projections: readonly DocumentsDefinition[]): string {
  const described = projections.map(({ name, version, model, indexes, words }) => ({
    name,
    version,
    model,
    indexes: indexes.map((index) => [index.name, index.fields, index.covers ?? []]),
    words: words === undefined ? null : [words.field, words.scope, words.indexed ?? false],
  }));
  return JSON.stringify(described.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
}

/** With which projections a described group was made. */
export function projectionsOf(description: string): readonly MadeWith[] {
  const described: MadeWith[] = JSON.parse(description);
  return described.map(({ name, version, model }) => ({
    name,
    version,
    ...(model === undefined ? {} : { model }),
  }));
}

/** A customer's own document of another projection, before and after the event that is being folded. */
export interface Change {
  readonly before: Document | undefined;
  readonly after: Document | undefined;
}

/**
 * A pure fold from events to documents: no clock, no I/O, no randomness, no other stream's events. `keysOf` names
 * the documents that an event touches; `fold` returns each one's next state, or `undefined` where there is none; the
 * very document that it was given is not written again.
 */
export interface Projection<Event> extends DocumentsDefinition {
  /** Its documents belong to no customer: their keys begin with the event's bucket. It reads clear fields and changes only. */
  readonly shared?: true;
  /**
   * Projections folded before this one, of the same group: it is given the change of their document whose key is the
   * customer's id, where the event touched it.
   */
  readonly after?: readonly string[];
  keysOf(recorded: Recorded<Event>): readonly string[];
  fold(
    document: Document | undefined,
    recorded: Recorded<Event>,
    key: string,
    changes: Readonly<Record<string, Change>>,
  ): Document | undefined;
}
