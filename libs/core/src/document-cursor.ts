import { CursorError } from './document-store';
import type { DocumentQuery, IndexValue } from './document-store';
import { murmur2 } from './partition';
import type { DocumentsDefinition } from './projection';

/** Characters; a cursor holds a few index values and a key. */
const MAX_CURSOR_LENGTH = 16_384;

/** The place of the last document of a page: its sort values, then its key. */
export type DocumentPlace = readonly IndexValue[];

/**
 * Cursors of one query: a changed one, or another query's, is refused with `CursorError`. It keeps nobody out, it catches
 * mistakes. `limit` may change from page to page.
 */
export class DocumentCursors {
  readonly #query: string;

  constructor(
    { name, version }: DocumentsDefinition,
    { index, equals, words = [], from, to, order }: DocumentQuery,
    private readonly placeLength: number,
  ) {
    const given = Object.entries(equals).toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#query = JSON.stringify([name, version, index, given, words, from ?? null, to ?? null, order]);
  }

  write(place: DocumentPlace): string {
    return Buffer.from(JSON.stringify([this.#check(place), ...place])).toString('base64url');
  }

  read(cursor: string): DocumentPlace {
    const [check, ...place] = parse(cursor);
    if (place.length !== this.placeLength || check !== this.#check(place)) {
      throw new CursorError('The cursor was given out by another query');
    }
    return place;
  }

  #check(place: DocumentPlace): number {
    return murmur2(Buffer.from(this.#query + JSON.stringify(place))) >>> 0;
  }
}

function parse(cursor: string): readonly IndexValue[] {
  if (cursor.length > MAX_CURSOR_LENGTH) throw new CursorError('The cursor is too long');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new CursorError('The cursor is no cursor');
  }
  if (!Array.isArray(value) || !value.every(isIndexValue)) throw new CursorError('The cursor is no cursor');
  return value;
}

function isIndexValue(value: unknown): value is IndexValue {
  return typeof value === 'string' || typeof value === 'number';
}
