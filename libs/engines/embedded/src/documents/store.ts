import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeProjections, GroupDefinitionError } from '#libs/core';
import type { DocumentGroup, DocumentsDefinition, DocumentStore, MadeWith, Pointer } from '#libs/core';
import { ForeignFileError, removeDatabase, Sqlite, text } from '../sqlite';
import type { FileFormat } from '../sqlite';
import { EmbeddedDocumentGroup, madeWith } from './group';
import type { GroupConnection } from './group';

const GROUP_ID = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,126}$/;
const POINTERS = 'pointers';
const SUFFIX = '.db';

const POINTERS_FORMAT: FileFormat = {
  applicationId: 0x54_73_70_6f, // "Tspo"
  version: 1,
  schema:
    'CREATE TABLE pointer (projection TEXT PRIMARY KEY, "group" TEXT NOT NULL, previous TEXT) WITHOUT ROWID',
};

export interface EmbeddedDocumentsOptions extends GroupConnection {
  /** `<data>/documents`: a file a group, and the pointers' own. */
  readonly directory: string;
}

/** Documents in SQLite files. One store belongs to one thread; any number of read-only ones may stand beside those that write. */
export class EmbeddedDocumentStore implements DocumentStore {
  readonly #directory: string;
  readonly #connection: GroupConnection;
  readonly #groups = new Map<string, EmbeddedDocumentGroup>();
  #pointers: Sqlite | undefined;

  constructor({ directory, ...connection }: EmbeddedDocumentsOptions) {
    this.#directory = directory;
    this.#connection = connection;
    if (!this.#readonly) mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** A group that this store has open already is the same object again. */
  async open(id: string, projections: readonly DocumentsDefinition[]): Promise<DocumentGroup> {
    const path = this.#path(id);
    const known = this.#groups.get(id);
    if (known !== undefined) {
      if (describeProjections(known.projections) === describeProjections(projections)) return known;
      throw new GroupDefinitionError(`${path} was made with other projections, versions or indexes`);
    }
    const group = new EmbeddedDocumentGroup(id, projections, path, this.#connection);
    this.#groups.set(id, group);
    return group;
  }

  async groups(): Promise<readonly string[]> {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => file.slice(0, -SUFFIX.length))
      .filter((id) => id !== POINTERS && GROUP_ID.test(id))
      .toSorted();
  }

  async madeWith(id: string): Promise<readonly MadeWith[] | undefined> {
    const path = this.#path(id);
    try {
      return this.#groups.get(id)?.projections ?? (existsSync(path) ? madeWith(path) : undefined);
    } catch (error) {
      // A file of an older build's form: it is built anew, as if it were not there.
      if (error instanceof ForeignFileError) return undefined;
      throw error;
    }
  }

  async drop(id: string): Promise<void> {
    const path = this.#path(id);
    if (this.#readonly) throw new Error('A read-only store drops nothing');
    this.#groups.get(id)?.destroy();
    this.#groups.delete(id);
    removeDatabase(path);
  }

  async pointers(): Promise<readonly Pointer[]> {
    if (this.#readonly) this.#closeDropped();
    const rows =
      this.#openPointers()?.query('SELECT projection, "group", previous FROM pointer ORDER BY projection') ??
      [];
    return rows.map(([projection, group, previous]) => ({
      projection: text(projection),
      group: text(group),
      ...(previous === null ? {} : { previous: text(previous) }),
    }));
  }

  async point(pointers: readonly Pointer[]): Promise<void> {
    const database = this.#openPointers();
    if (database === undefined || this.#readonly) throw new Error('A read-only store points nowhere');
    const put = `INSERT INTO pointer (projection, "group", previous) VALUES (?, ?, ?)
      ON CONFLICT (projection) DO UPDATE SET "group" = excluded."group", previous = excluded.previous`;
    database.transaction(() => {
      for (const { projection, group, previous } of pointers)
        database.query(put, [projection, group, previous ?? null]);
    });
  }

  close(): void {
    for (const group of this.#groups.values()) group.close();
    this.#groups.clear();
    this.#pointers?.close();
    this.#pointers = undefined;
  }

  /** A file that another thread has dropped keeps its place on the disk while it is open anywhere. */
  #closeDropped(): void {
    for (const [id, group] of this.#groups) {
      if (existsSync(this.#path(id))) continue;
      group.close();
      this.#groups.delete(id);
    }
  }

  get #readonly(): boolean {
    return this.#connection.readonly === true;
  }

  #openPointers(): Sqlite | undefined {
    const path = join(this.#directory, POINTERS + SUFFIX);
    if (this.#pointers === undefined && (!this.#readonly || existsSync(path))) {
      this.#pointers = new Sqlite(path, {
        format: POINTERS_FORMAT,
        readonly: this.#readonly,
        synchronous: 'FULL',
      });
    }
    return this.#pointers;
  }

  #path(id: string): string {
    if (!GROUP_ID.test(id) || id === POINTERS)
      throw new RangeError(`${JSON.stringify(id)} cannot name a group`);
    return join(this.#directory, id + SUFFIX);
  }
}
