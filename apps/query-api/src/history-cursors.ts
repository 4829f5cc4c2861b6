import { CursorError, DocumentCursors } from '#libs/core';
import type { DocumentsDefinition } from '#libs/core';
import type { HistoryQuery } from '#libs/contracts';

/** A history is no read model: this is how cursors tell it from one. Another version outdates them. */
const HISTORY: DocumentsDefinition = { name: 'history', version: 1, indexes: [] };
/** A place is a revision, and nothing else. */
const PLACE_LENGTH = 1;

/** Cursors of one customer's history in one form and between the same bounds; `limit` may change from page to page. */
export class HistoryCursors {
  readonly #cursors: DocumentCursors;

  constructor(customerId: string, { form, from, to, after, limit }: HistoryQuery) {
    const equals = { customerId, form: form ?? 'event', ...(after === undefined ? {} : { after }) };
    const bounds = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const query = { index: 'by-revision', equals, ...bounds, order: 'asc', limit } as const;
    this.#cursors = new DocumentCursors(HISTORY, query, PLACE_LENGTH);
  }

  /** Of the page that begins after this revision. */
  write(revision: number): string {
    return this.#cursors.write([revision]);
  }

  /** The revision that was written; rejects with `CursorError`, as reading a page of a read model does. */
  async read(cursor: string): Promise<number> {
    const [revision] = this.#cursors.read(cursor);
    if (typeof revision === 'number') return revision;
    throw new CursorError('The cursor is not one of a history');
  }
}
