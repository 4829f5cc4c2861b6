import { createHash } from 'node:crypto';
import { CursorError } from '#libs/core';
import type { DocumentQuery, DocumentsDefinition, IndexValue } from '#libs/core';

/** Characters; a cursor holds a few index values and a key. */
const MAX_CURSOR_LENGTH = 16_384;

/** What a cursor is good for: this query and no other. `limit` may change from page to page. */
export function queryIdentity(definition: DocumentsDefinition, query: DocumentQuery): string {
  const equals = Object.entries(query.equals).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { index, order, from = null, to = null, words = [] } = query;
  return JSON.stringify([definition.name, definition.version, index, order, equals, from, to, words]);
}

/** `place`: sort values and key of the last row looked at. The checksum catches mistakes, it keeps nobody out. */
export function writeCursor(identity: string, place: readonly IndexValue[]): string {
  return Buffer.from(JSON.stringify([checksum(identity, place), ...place])).toString('base64url');
}

export function readCursor(cursor: string, identity: string, length: number): readonly IndexValue[] {
  const [check, ...place] = parse(cursor);
  if (place.length !== length || check !== checksum(identity, place)) {
    throw new CursorError('The cursor was given out by another query');
  }
  return place;
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

function checksum(identity: string, place: readonly IndexValue[]): string {
  return createHash('sha256').update(identity).update(JSON.stringify(place)).digest('base64url').slice(0, 10);
}
