import { customerStream, isJsonObject } from '#libs/core';
import type {
  Document,
  DocumentGroup,
  DocumentPage,
  DocumentsDefinition,
  DocumentStore,
  EventLog,
  Json,
  JsonObject,
} from '#libs/core';
import type { Identifier } from '#libs/events';
import { wordsOf } from '#libs/projections';
import { openGroup } from './open-group';
import type { Resolver } from './resolve';
import type { StreamHeads } from './stream-head';
import { waitUntil } from './waiting';
import type { Waiting } from './waiting';

export interface ReaderPorts {
  readonly log: EventLog;
  readonly store: DocumentStore;
  readonly projections: readonly DocumentsDefinition[];
  readonly heads: StreamHeads;
  readonly resolver: Resolver;
}

/** An answer about a customer and the revision of the customer's stream that it has folded, at least. */
export interface Answer<Body> {
  readonly body: Body;
  readonly revision: number;
  /** True where a revision was asked for and not reached in time. */
  readonly stale: boolean;
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

export interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

interface Served {
  readonly group: DocumentGroup;
  readonly projection: string;
}

/** How long pointers to the serving groups are trusted: a switch is seen this much later, at most. */
const POINTERS_KEPT_MS = 100;

/** Questions about one customer, answered from the read models and nothing else. */
export class Reader {
  readonly #groups = new Map<string, DocumentGroup>();
  #serving: { readonly atMs: number; readonly groups: ReadonlyMap<string, DocumentGroup> } | undefined;

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
    const [profile, timeline] = [await this.#served('profile'), await this.#served('timeline')];
    return this.#answer(customerId, [profile, timeline], waiting, async () => {
      const [document] = await profile.group.getMany('profile', [customerId]);
      const first = await this.#edge(timeline, customerId, 'asc', {});
      const last = await this.#edge(timeline, customerId, 'desc', { _contact: 1 });
      return profileAnswer(customerId, document, first, last);
    });
  }

  async timeline(
    customerId: string,
    filter: TimelineFilter,
    page: Page,
    waiting?: Waiting,
  ): Promise<Answer<DocumentPage>> {
    const served = await this.#served('timeline');
    return this.#answer(customerId, [served], waiting, async () => {
      const { channel, kind, direction, from, to, q, order } = filter;
      const equals = dropUndefined({ _customer: customerId, channel, kind, direction });
      const words = q === undefined ? undefined : wordsOf(q);
      const bounds = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      const search = words === undefined ? {} : { words };
      const found = await bare(
        served.group.find('timeline', { index: 'by-time', equals, ...bounds, ...search, order, ...page }),
      );
      return { ...found, items: found.items.map((entry) => ({ corrections: [], ...entry })) };
    });
  }

  async purchases(customerId: string, page: Page, waiting?: Waiting): Promise<Answer<DocumentPage>> {
    const served = await this.#served('purchases');
    return this.#answer(customerId, [served], waiting, () => {
      const query = { index: 'by-time', equals: { _customer: customerId }, order: 'desc', ...page } as const;
      return bare(served.group.find('purchases', query));
    });
  }

  async #edge(
    { group }: Served,
    customerId: string,
    order: 'asc' | 'desc',
    more: Record<string, number>,
  ): Promise<Document | undefined> {
    const equals = { _customer: customerId, ...more };
    return (await group.find('timeline', { index: 'by-time', equals, order, limit: 1 })).items[0];
  }

  /** Revision first, documents after: what is told is never more than what was read. */
  async #answer<Body>(
    customerId: string,
    served: readonly Served[],
    waiting: Waiting | undefined,
    read: () => Promise<Body>,
  ): Promise<Answer<Body>> {
    const groups = [...new Set(served.map(({ group }) => group))];
    const stream = customerStream(customerId);
    const reached = async (): Promise<number> => {
      const progress = await Promise.all(groups.map((group) => group.progress([stream])));
      return Math.min(...progress.map(([entry]) => entry?.revision ?? -1));
    };
    const revision = await waitUntil(waiting, reached);
    return { body: await read(), revision, stale: waiting !== undefined && revision < waiting.revision };
  }

  async #served(projection: string): Promise<Served> {
    const now = Date.now();
    if (this.#serving === undefined || now - this.#serving.atMs > POINTERS_KEPT_MS) {
      const { store, projections } = this.ports;
      const groups = new Map<string, DocumentGroup>();
      for (const pointer of await store.pointers()) {
        const known = this.#groups.get(pointer.group);
        const group = known ?? (await openGroup(store, pointer.group, projections))?.group;
        if (group === undefined) continue;
        this.#groups.set(pointer.group, group);
        groups.set(pointer.projection, group);
      }
      this.#serving = { atMs: now, groups };
    }
    const group = this.#serving.groups.get(projection);
    if (group === undefined) throw new Error(`no group serves ${projection}`);
    return { group, projection };
  }
}

function profileAnswer(
  customerId: string,
  document: Document | undefined,
  first: Document | undefined,
  last: Document | undefined,
): JsonObject {
  const {
    name,
    identifiers = [],
    attributes = {},
    registeredAt,
    byChannel = {},
    byDirection = {},
    purchaseCount = 0,
  } = document ?? {};
  const starts = [registeredAt, first?.['occurredAt']].filter((at) => typeof at === 'string').toSorted();
  return dropUndefined({
    customerId,
    name: name ?? null,
    identifiers,
    attributes,
    firstSeenAt: starts[0] ?? null,
    lastContactAt: last?.['occurredAt'] ?? null,
    counts: { byChannel, byDirection },
    purchases: dropUndefined({
      count: purchaseCount,
      total: moneyOf(document?.['bought']) ?? null,
      refunded: moneyOf(document?.['refunded']),
    }),
    completeness: { complete: true },
  });
}

/** Sums by currency as money: the currency first in the alphabet, the others beside it. */
function moneyOf(sums: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(sums)) return undefined;
  const all = Object.entries(sums)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, amount]) => ({ amount: amount ?? '0', currency }));
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  return others.length === 0 ? first : { ...first, others };
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

function dropUndefined<T>(fields: Readonly<Record<string, T | undefined>>): Record<string, T> {
  const kept: Record<string, T> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value;
  return kept;
}
