import type { Checkpoint } from './event-feed';
import type { Json } from './json';
import type { Document, DocumentsDefinition } from './projection';

/** How far a group has folded one stream. */
export interface Progress {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
}

export interface DocumentWrite {
  readonly projection: string;
  readonly key: string;
  /** `undefined` removes the document. */
  readonly document: Document | undefined;
}

/** Documents, progress and checkpoint of one batch: they commit together or not at all. */
export interface DocumentCommit {
  readonly partition: number;
  /** The checkpoint as the writer last saw it; another one in the store means that somebody else writes. */
  readonly expected: Checkpoint | undefined;
  readonly next: Checkpoint | undefined;
  readonly documents: readonly DocumentWrite[];
  readonly progress: readonly Progress[];
}

/** A page over a declared index. Every field named here is one of that index's `fields` or `covers`. */
export interface DocumentQuery {
  readonly index: string;
  readonly equals: Readonly<Record<string, string | number>>;
  /** Every one is a prefix of one of the document's words; `equals` then names the word index's scope. */
  readonly words?: readonly string[];
  /** Bounds on the first sort field: `from` inclusive, `to` exclusive. */
  readonly from?: string | number;
  readonly to?: string | number;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** Opaque keyset of an earlier page's end. */
  readonly cursor?: string;
}

export interface DocumentPage {
  readonly items: readonly Document[];
  readonly next?: string;
}

/** The documents of one group of projections. */
export interface DocumentGroup {
  readonly id: string;
  readonly projections: readonly DocumentsDefinition[];
  getMany(projection: string, keys: readonly string[]): Promise<readonly (Document | undefined)[]>;
  /** Throws `CursorError`, and `QueryTooBroadError` where `words` match more than MAX_WORD_MATCHES documents. */
  find(projection: string, query: DocumentQuery): Promise<DocumentPage>;
  /** Keys and documents in key order: for comparing and exporting. */
  scan(projection: string, afterKey: string | undefined, limit: number): Promise<readonly (readonly [string, Document])[]>;
  progress(streams: readonly string[]): Promise<readonly (Progress | undefined)[]>;
  checkpoint(partition: number): Promise<Checkpoint | undefined>;
  /** `fenced`: another writer has moved the checkpoint; nothing was written and every cached document is stale. */
  commit(batch: DocumentCommit): Promise<'committed' | 'fenced'>;
}

/** Which group serves a projection's queries, and which one served them before. */
export interface Pointer {
  readonly projection: string;
  readonly group: string;
  readonly previous?: string;
}

export interface DocumentStore {
  /** Opens a group, making it where it does not exist. */
  open(id: string, projections: readonly DocumentsDefinition[]): Promise<DocumentGroup>;
  groups(): Promise<readonly string[]>;
  drop(id: string): Promise<void>;
  pointers(): Promise<readonly Pointer[]>;
  /** Durable, and all at once. */
  point(pointers: readonly Pointer[]): Promise<void>;
}

/** A page's cursor that this query did not give out. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
}

/** Documents that a query by words may match. */
export const MAX_WORD_MATCHES = 10_000;

export class QueryTooBroadError extends Error {
  override readonly name = 'QueryTooBroadError';
}

export type IndexValue = Extract<Json, string | number>;
