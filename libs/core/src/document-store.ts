import type { Checkpoint } from './event-feed';
import type { Json } from './json';
import type { Document, DocumentsDefinition, MadeWith } from './projection';
import type { Instant } from './time';

/** How far a group has folded one stream. */
export interface Progress {
  readonly stream: string;
  /** −1 where the stream was parked before its first event was folded. */
  readonly revision: number;
  readonly position: number;
  readonly parked?: Parking;
  /** Only beside `parked`: it is to be tried again, or further. */
  readonly retry?: true;
}

/** Why a group folds no more of a stream: its next event, or a fold of it, throws. */
export interface Parking {
  /** When that event was recorded. */
  readonly since: Instant;
  /** Names what threw and where, without any of the event's content. */
  readonly reason: string;
}

export interface DocumentWrite {
  readonly projection: string;
  /** Well-formed text, not empty, without U+0000; at most once in a commit. */
  readonly key: string;
  /** `undefined` removes the document. */
  readonly document: Document | undefined;
}

/** Keys that every engine can keep. */
export function checkDocumentKey(key: string): void {
  if (key !== '' && !key.includes('\0') && key.isWellFormed()) return;
  throw new RangeError('A document key must be well-formed text, not empty, without U+0000');
}

/** Documents of a page, whoever asks. */
const MAX_PAGE = 10_000;

export function checkPageLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return;
  throw new RangeError(`A page has 1 to ${MAX_PAGE} documents`);
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

/**
 * A page over a declared index, in the order of its `fields` after those that lead it and are given in `equals`, then
 * of the key; numbers come before text, text in the order of its code points. An index holds the documents that have
 * text or a number in all of its `fields`. Every field named here is one of its `fields` or `covers`.
 */
export interface DocumentQuery {
  readonly index: string;
  readonly equals: Readonly<Record<string, string | number>>;
  /** Every one is a prefix of one of the document's words; `equals` then names the word index's scope. */
  readonly words?: readonly string[];
  /** Bounds on the first sort field: `from` inclusive, `to` exclusive. */
  readonly from?: string | number;
  readonly to?: string | number;
  readonly order: 'asc' | 'desc';
  /** 1 to 10,000, here and in `scan`. */
  readonly limit: number;
  /** Opaque keyset of an earlier page's end. */
  readonly cursor?: string;
}

/** A query by words may end a page early, even empty, to let others run: only a page without `next` is the last. */
export interface DocumentPage {
  readonly items: readonly Document[];
  readonly next?: string;
}

/** The documents of one group of projections. */
export interface DocumentGroup {
  readonly id: string;
  readonly projections: readonly DocumentsDefinition[];
  getMany(projection: string, keys: readonly string[]): Promise<readonly (Document | undefined)[]>;
  /** A page of long documents may end before its limit; only one without `next` is the last. Throws `CursorError`; `QueryTooBroadError` where `words` match more than MAX_WORD_MATCHES documents. */
  find(projection: string, query: DocumentQuery): Promise<DocumentPage>;
  /** Keys and documents in key order: for comparing and exporting. */
  scan(
    projection: string,
    afterKey: string | undefined,
    limit: number,
  ): Promise<readonly (readonly [string, Document])[]>;
  progress(streams: readonly string[]): Promise<readonly (Progress | undefined)[]>;
  checkpoint(partition: number): Promise<Checkpoint | undefined>;
  /** Of every partition that was ever committed. */
  checkpoints(): Promise<ReadonlyMap<number, Checkpoint>>;
  /** Parked streams in order of their names, at most `limit`; `retry` only those that are marked. */
  parked(
    afterStream: string | undefined,
    limit: number,
    which?: 'all' | 'retry',
  ): Promise<readonly Progress[]>;
  countParked(): Promise<number>;
  /** Marks every parked stream for another try, by whoever folds its partition; a commit of its progress without `retry` takes the mark off. */
  markParked(): Promise<void>;
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
  /** Opens a group, making it where it does not exist; its projections stay those that it was made with. */
  open(id: string, projections: readonly DocumentsDefinition[]): Promise<DocumentGroup>;
  groups(): Promise<readonly string[]>;
  /** With which projections a group was made; `undefined` where there is no such group. */
  madeWith(id: string): Promise<readonly MadeWith[] | undefined>;
  drop(id: string): Promise<void>;
  pointers(): Promise<readonly Pointer[]>;
  /** Durable, and all at once; pointers of other projections stay. */
  point(pointers: readonly Pointer[]): Promise<void>;
}

/** A page's cursor that this query did not give out. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
}

/** Documents that a query by words may match. */
export const MAX_WORD_MATCHES = 10_000;

/** Words that one query may give. */
export const MAX_QUERY_WORDS = 16;

export class QueryTooBroadError extends Error {
  override readonly name = 'QueryTooBroadError';
}

export type IndexValue = Extract<Json, string | number>;

/** The group was made with other projections, versions or indexes; those need a group of their own. */
export class GroupDefinitionError extends Error {
  override readonly name = 'GroupDefinitionError';
}
