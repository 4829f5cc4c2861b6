import { customerStream } from '#libs/core';
import type {
  Document,
  DocumentGroup,
  DocumentPage,
  DocumentQuery,
  DocumentStore,
  EventLog,
  JsonObject,
  Parking,
} from '#libs/core';
import type { Identifier } from '#libs/events';
import { loyaltyAnswer, wordsOf } from '#libs/projections';
import { dropUndefined, earliest, profileAnswer } from './profile-answer';
import type { ProfileDocuments } from './profile-answer';
import { openGroup } from './open-group';
import type { ProjectionSet } from './projection-set';
import type { Resolver } from './resolve';
import type { StreamHeads } from './stream-head';
import { breathe, waitUntil } from './waiting';
import type { Waiting } from './waiting';

export interface ReaderPorts {
  readonly log: EventLog;
  readonly store: DocumentStore;
  readonly projections: ProjectionSet;
  readonly heads: StreamHeads;
  readonly resolver: Resolver;
}

/** An answer about a customer and the revision of the customer's stream that it has folded, at least. */
export interface Answer<Body> {
  readonly body: Body;
  readonly revision: number;
  /** True where a revision was asked for and not reached in time. */
  readonly stale: boolean;
  /** Since when no more of the customer is folded, where a group that answers has parked them. */
  readonly parked?: Parking;
}

export interface TimelineFilter {
  readonly channel?: string;
  readonly kind?: string;
  readonly direction?: string;
  readonly from?: string;
  readonly to?: string;
  readonly q?: string;
  readonly order: 'asc' | 'desc';
}

export interface CustomersFilter {
  readonly segment?: string;
  readonly tier?: string;
  readonly q?: string;
  readonly sort?: 'loyalty' | '-loyalty';
}

export interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

/** Which group serves a projection, all as of one look at the pointers. Throws where none does. */
type Serving = (projection: string) => DocumentGroup;

const PROFILE_PARTS = ['profile', 'timeline', 'loyalty', 'segments'];

/** How far the groups of an answer have folded a customer, at least, and why one goes no further. */
interface Reached {
  readonly revision: number;
  readonly parked?: Parking | undefined;
}

/** How long a page by words is filled up before it is answered as it is. */
const WORDS_MS = 500;
/** How long pointers to the serving groups are trusted: a switch is seen this much later, at most. */
const POINTERS_KEPT_MS = 100;

/** Questions about one customer, answered from the read models and nothing else. */
export class Reader {
  /** By id: those that serve. */
  #groups: ReadonlyMap<string, DocumentGroup> = new Map();
  #serving: { readonly atMs: number; readonly serving: Serving } | undefined;

  constructor(private readonly ports: ReaderPorts) {}

  /** The customer of an identifier; `undefined` where nobody has it. */
  find(identifier: Identifier): Promise<string | undefined> {
    return this.ports.resolver.find(identifier);
  }

  /** Whether a customer was ever registered: asked of the log, which knows before any read model does. */
  async exists(customerId: string): Promise<boolean> {
    const stream = customerStream(customerId);
    return this.ports.heads.cached(stream) !== undefined || (await this.ports.log.head(stream)) !== undefined;
  }

  async profile(customerId: string, waiting?: Waiting): Promise<Answer<JsonObject>> {
    return this.#answer(customerId, PROFILE_PARTS, waiting, async (serving, parked) => {
      const documents = await profileDocuments(serving, [customerId]);
      return profileOf(serving('timeline'), customerId, documents(0), parked);
    });
  }

  /** Why the score is what it is. */
  async loyalty(customerId: string, waiting?: Waiting): Promise<Answer<JsonObject>> {
    return this.#answer(customerId, ['loyalty'], waiting, async (serving) => {
      const [document] = await serving('loyalty').getMany('loyalty', [customerId]);
      return loyaltyAnswer(document);
    });
  }

  /** Customers as profiles: of a segment or tier, by words of name and identifiers; by loyalty, else in order of their ids. */
  async customers(
    { segment, tier, q, sort }: CustomersFilter,
    page: Page,
  ): Promise<{ readonly items: readonly JsonObject[]; readonly next?: string }> {
    const serving = await this.#served();
    const equals = dropUndefined({ all: 1, segment, tier });
    const words = q === undefined ? {} : { words: wordsOf(q) };
    const index = sort === undefined ? 'by-customer' : 'by-loyalty';
    const order = sort === '-loyalty' ? 'desc' : 'asc';
    const query = { index, equals, ...words, order, ...page } as const;
    const found = await findPage(serving('directory'), 'directory', query);
    const ids = found.items.map(({ customerId }) => customerId).filter((id) => typeof id === 'string');
    const reached = await reachedIn(PROFILE_PARTS.map(serving), ids);
    const documents = await profileDocuments(serving, ids);
    const items = await Promise.all(
      ids.map((id, i) => profileOf(serving('timeline'), id, documents(i), reached[i]?.parked)),
    );
    return { ...found, items };
  }

  /** The group that serves a projection now. */
  async group(projection: string): Promise<DocumentGroup> {
    return (await this.#served())(projection);
  }

  async timeline(
    customerId: string,
    filter: TimelineFilter,
    page: Page,
    waiting?: Waiting,
  ): Promise<Answer<DocumentPage>> {
    return this.#answer(customerId, ['timeline'], waiting, async (serving) => {
      const { channel, kind, direction, from, to, q, order } = filter;
      const equals = dropUndefined({ _customer: customerId, channel, kind, direction });
      const words = q === undefined ? undefined : wordsOf(q);
      const bounds = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      const search = words === undefined ? {} : { words };
      const query = { index: 'by-time', equals, ...bounds, ...search, order, ...page };
      const found = await bare(findPage(serving('timeline'), 'timeline', query));
      return { ...found, items: found.items.map((entry) => ({ corrections: [], ...entry })) };
    });
  }

  async purchases(customerId: string, page: Page, waiting?: Waiting): Promise<Answer<DocumentPage>> {
    return this.#answer(customerId, ['purchases'], waiting, (serving) => {
      const query = { index: 'by-time', equals: { _customer: customerId }, order: 'desc', ...page } as const;
      return bare(serving('purchases').find('purchases', query));
    });
  }

  /** Revision first, documents after, of the same groups: what is told is never more than what was read. */
  async #answer<Body>(
    customerId: string,
    projections: readonly string[],
    waiting: Waiting | undefined,
    read: (serving: Serving, parked: Parking | undefined) => Promise<Body>,
  ): Promise<Answer<Body>> {
    let reached: Reached = { revision: -1 };
    let serving = await this.#served();
    await waitUntil(waiting, async () => {
      // Looked up each time: what served may have been switched from, and is then followed by nobody.
      serving = await this.#served();
      reached = (await reachedIn(projections.map(serving), [customerId]))[0] ?? reached;
      // What is parked comes no further by waiting.
      return reached.parked === undefined ? reached.revision : Number.MAX_SAFE_INTEGER;
    });
    const { revision, parked } = reached;
    const stale = waiting !== undefined && revision < waiting.revision;
    const body = await read(serving, parked);
    return { body, revision, stale, ...(parked === undefined ? {} : { parked }) };
  }

  async #served(): Promise<Serving> {
    const now = Date.now();
    if (this.#serving === undefined || now - this.#serving.atMs > POINTERS_KEPT_MS) {
      const { store, projections } = this.ports;
      const groups = new Map<string, DocumentGroup>();
      const serving = new Map<string, DocumentGroup>();
      for (const pointer of await store.pointers()) {
        const known = groups.get(pointer.group) ?? this.#groups.get(pointer.group);
        const group = known ?? (await openGroup(store, pointer.group, projections))?.group;
        if (group === undefined) continue;
        groups.set(pointer.group, group);
        serving.set(pointer.projection, group);
      }
      this.#groups = groups;
      this.#serving = { atMs: now, serving: (projection) => servedBy(serving, projection) };
    }
    return this.#serving.serving;
  }

  /** Since when no more of a customer is folded, where a group that serves has parked them. */
  async parked(customerId: string): Promise<Parking | undefined> {
    await this.#served();
    return (await reachedIn([...this.#groups.values()], [customerId]))[0]?.parked;
  }
}

function servedBy(serving: ReadonlyMap<string, DocumentGroup>, projection: string): DocumentGroup {
  const group = serving.get(projection);
  if (group === undefined) throw new Error(`no group serves ${projection}`);
  return group;
}

/** How far groups have folded customers, at least, and why they go no further; in the order of the ids. */
async function reachedIn(
  served: readonly DocumentGroup[],
  customerIds: readonly string[],
): Promise<readonly Reached[]> {
  const streams = customerIds.map(customerStream);
  const found = await Promise.all([...new Set(served)].map((group) => group.progress(streams)));
  return streams.map((_, at) => {
    const entries = found.map((progress) => progress[at]);
    return {
      revision: Math.min(...entries.map((entry) => entry?.revision ?? -1)),
      parked: entries.find((entry) => entry?.parked !== undefined)?.parked,
    };
  });
}

/** What profiles are made of, by the customer's place in the list. */
async function profileDocuments(
  serving: Serving,
  customerIds: readonly string[],
): Promise<(at: number) => ProfileDocuments> {
  const read = (name: string): Promise<readonly (Document | undefined)[]> =>
    serving(name).getMany(name, customerIds);
  const [profiles, loyalties, segments] = await Promise.all([
    read('profile'),
    read('loyalty'),
    read('segments'),
  ]);
  return (at) => ({ profile: profiles[at], loyalty: loyalties[at], segments: segments[at] });
}

async function profileOf(
  timeline: DocumentGroup,
  customerId: string,
  documents: ProfileDocuments,
  parked: Parking | undefined,
): Promise<JsonObject> {
  const edge = async (order: 'asc' | 'desc', more: Record<string, number>): Promise<Document | undefined> => {
    const equals = { _customer: customerId, ...more };
    return (await timeline.find('timeline', { index: 'by-time', equals, order, limit: 1 })).items[0];
  };
  const first = await edge('asc', {});
  const last = await edge('desc', { _contact: 1 });
  const edges = {
    firstSeenAt: earliest([documents.profile?.['registeredAt'], first?.['occurredAt']]),
    lastContactAt: last?.['occurredAt'] ?? null,
  };
  return profileAnswer(customerId, documents, edges, parked);
}

/** By words an engine may end a page early to let others run; then it is asked again, until it is full or time is up. */
async function findPage(
  group: DocumentGroup,
  projection: string,
  query: DocumentQuery,
): Promise<DocumentPage> {
  const deadlineMs = performance.now() + WORDS_MS;
  const items: Document[] = [];
  for (let { cursor } = query; ;) {
    const limit = query.limit - items.length;
    const page = await group.find(projection, {
      ...query,
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    items.push(...page.items);
    cursor = page.next;
    const ends = cursor === undefined || query.words === undefined || items.length === query.limit;
    if (ends || performance.now() > deadlineMs) return { ...page, items };
    await breathe();
  }
}

/** Members that begin with `_` are the runtime's own. */
async function bare(page: Promise<DocumentPage>): Promise<DocumentPage> {
  const { items, ...rest } = await page;
  return {
    ...rest,
    items: items.map((document) =>
      Object.fromEntries(Object.entries(document).filter(([name]) => !name.startsWith('_'))),
    ),
  };
}
