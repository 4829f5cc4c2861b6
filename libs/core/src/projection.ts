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
}

/** Its members that begin with `_` belong to the runtime: `_customer`, `_revision`, `_position`. */
export interface Document {
  readonly [field: string]: Json | undefined;
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
}

export interface DocumentsDefinition {
  readonly name: string;
  readonly version: number;
  readonly indexes: readonly IndexDefinition[];
  readonly words?: WordsDefinition;
}

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

/**
 * A pure fold from events to documents: no clock, no I/O, no randomness, no other stream's events. `keysOf` names
 * the documents that an event touches; `fold` returns each one's next state, or `undefined` where there is none.
 */
export interface Projection<Event> extends DocumentsDefinition {
  keysOf(recorded: Recorded<Event>): readonly string[];
  fold(document: Document | undefined, recorded: Recorded<Event>, key: string): Document | undefined;
}
