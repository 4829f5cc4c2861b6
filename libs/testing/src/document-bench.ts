import type {
  Checkpoint,
  Document,
  DocumentCommit,
  DocumentGroup,
  DocumentPage,
  DocumentQuery,
} from '#libs/core';
import type { DocumentsDefinition, DocumentStore } from '#libs/core';

/** An engine with nothing in it yet. */
export interface DocumentStoreUnderTest {
  /** A store over the same data: as another process would open it beside those that are open. */
  connect(): Promise<DocumentStore>;
  /** Closes every store and opens one anew over what they left. */
  restart(): Promise<DocumentStore>;
  /** Closes every store and removes the data. */
  dispose(): Promise<void>;
}

export const TIMELINE: DocumentsDefinition = {
  name: 'timeline',
  version: 1,
  indexes: [
    { name: 'by-time', fields: ['_customer', 'at', 'revision'], covers: ['channel', 'kind'] },
    { name: 'by-channel', fields: ['channel', 'revision'] },
  ],
  words: { field: 'words', scope: '_customer' },
};
/** Its words have an index of their own. */
export const INDEXED_TIMELINE: DocumentsDefinition = {
  ...TIMELINE,
  words: { field: 'words', scope: '_customer', indexed: true },
};
export const COUNTERS: DocumentsDefinition = { name: 'daily-counts', version: 3, indexes: [] };
export const PROJECTIONS = [TIMELINE, COUNTERS];
export const CUSTOMER = '01930000-0000-7000-8000-00000000000a';
export const OTHER = '01930000-0000-7000-8000-00000000000b';

export type Documents = Readonly<Record<string, Document | undefined>>;

/** One group of a fresh store, and a writer that keeps its checkpoint. */
export class DocumentBench {
  #checkpoint: Checkpoint | undefined;

  private constructor(
    readonly under: DocumentStoreUnderTest,
    readonly store: DocumentStore,
    readonly group: DocumentGroup,
  ) {}

  static async open(under: DocumentStoreUnderTest, timeline = TIMELINE): Promise<DocumentBench> {
    const store = await under.connect();
    return new DocumentBench(under, store, await store.open('main', [timeline, COUNTERS]));
  }

  batch(documents: Documents, change: Partial<DocumentCommit> = {}): DocumentCommit {
    return {
      partition: 0,
      expected: this.#checkpoint,
      next: at((this.#checkpoint?.offset ?? 0) + 1),
      documents: Object.entries(documents).map(([key, document]) => ({
        projection: 'timeline',
        key,
        document,
      })),
      progress: [],
      ...change,
    };
  }

  async write(documents: Documents, change: Partial<DocumentCommit> = {}): Promise<void> {
    const batch = this.batch(documents, change);
    if ((await this.group.commit(batch)) !== 'committed') throw new Error('The only writer was fenced');
    this.#checkpoint = batch.next ?? this.#checkpoint;
  }

  async get(...keys: readonly string[]): Promise<readonly (Document | undefined)[]> {
    return this.group.getMany('timeline', keys);
  }

  async find(query: Partial<DocumentQuery>): Promise<DocumentPage> {
    return this.group.find('timeline', { ...BY_TIME, ...query });
  }

  /** Ids of all pages; `between` runs after each one. */
  async ids(query: Partial<DocumentQuery>, between?: () => Promise<void>): Promise<unknown[]> {
    const found: unknown[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.find({ ...query, ...(cursor && { cursor }) });
      if (page.items.length > (query.limit ?? BY_TIME.limit)) throw new Error('A page beyond its limit');
      found.push(...page.items.map((item) => item['id']));
      if (page.next === undefined) return found;
      cursor = page.next;
      await between?.();
    }
  }
}

export const BY_TIME: DocumentQuery = {
  index: 'by-time',
  equals: { _customer: CUSTOMER },
  order: 'asc',
  limit: 10,
};

export function at(offset: number): Checkpoint {
  return { topicId: 'topic-1', offset, position: offset * 100 };
}

export function touchpoint(id: string, change: Document = {}): Document {
  const time = `2026-01-01T00:00:00.00${id.length}Z`;
  return { _customer: CUSTOMER, at: time, channel: 'email', id, kind: 'message', revision: 0, ...change };
}

export function touchpoints(count: number, change: (i: number) => Document): Documents {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => {
      const id = `t${String(i).padStart(5, '0')}`;
      return [id, touchpoint(id, change(i))];
    }),
  );
}

export type BenchOf = () => DocumentBench;
