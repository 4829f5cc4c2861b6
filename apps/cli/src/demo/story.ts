import type { JsonObject } from '#libs/core';
import type { Seeded } from '../bench/generate';
import { crmOf, instant, TO_MS } from './person';
import type { Person } from './person';
import { AGENTS, PRODUCTS } from './words';
import type { Product } from './words';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** One line of the bulk, and when it happened. */
export interface Told {
  readonly atMs: number;
  readonly line: JsonObject;
}

type Texts = readonly [string, ...string[]];

/** What happens to one customer: each method adds one line, unless it lies beyond the demo's last day. */
export class Story {
  readonly told: Told[] = [];
  #ids = 0;
  #orders = 0;

  constructor(
    readonly person: Person,
    readonly seeded: Seeded,
  ) {}

  /** Ids of this customer's messages and orders in the systems that they come from. */
  newId(prefix: string): string {
    return `${prefix}-${this.person.number}-${++this.#ids}`;
  }

  text(texts: Texts, product?: Product): string {
    return this.seeded
      .pick(texts)
      .replace('{product}', (product ?? this.seeded.pick(PRODUCTS)).name.toLowerCase());
  }

  agent(): { agent: string; department: string } {
    return { agent: this.seeded.pick(AGENTS), department: 'customer-care' };
  }

  /** To its id in the helpdesk or shop, by which later lines name it. */
  touchpoint(
    atMs: number,
    system: string,
    fields: JsonObject,
  ): { readonly system: string; readonly id: string } {
    const source = { system, id: this.newId('m') };
    this.#tell(atMs, { command: 'touchpoint', ...fields, source });
    return source;
  }

  status(atMs: number, touchpoint: JsonObject, status: string): void {
    if (atMs >= TO_MS) return;
    const line = {
      command: 'touchpoint-status',
      touchpoint: { source: touchpoint },
      status,
      occurredAt: instant(atMs),
    };
    this.told.push({ atMs, line });
  }

  /** One to four kinds of things; to the order. */
  purchase(atMs: number, channel: 'web' | 'in-person'): { orderId: string; pence: number; product: Product } {
    const { seeded } = this;
    const orderId = `HH${20_000 + this.person.number}-${++this.#orders}`;
    const product = seeded.pick(PRODUCTS);
    const products = new Set([product]);
    while (products.size < 4 && seeded.chance(0.35)) products.add(seeded.pick(PRODUCTS));
    const items = [...products].map(({ sku, name, pence }) => {
      return { sku, name, quantity: seeded.chance(0.2) ? 2 : 1, unitPrice: money(pence), pence };
    });
    const pence = items.reduce((sum, item) => sum + item.pence * item.quantity, 0);
    this.#tell(atMs, {
      command: 'purchase',
      orderId,
      total: money(pence),
      items: items.map(({ sku, name, quantity, unitPrice }) => ({ sku, name, quantity, unitPrice })),
      channel,
      source: { system: 'shop', id: orderId },
    });
    return { orderId, pence, product };
  }

  refund(atMs: number, { orderId, pence }: { orderId: string; pence: number }, reason: string): void {
    const source = { system: 'shop', id: `${orderId}-refund` };
    this.#tell(atMs, { command: 'refund', orderId, amount: money(pence), reason, source });
  }

  survey(atMs: number, instrument: 'csat' | 'nps' | 'ces', score: number, comment?: string): void {
    const source = { system: 'survey', id: this.newId('a') };
    const said = comment === undefined ? {} : { comment };
    this.#tell(atMs, { command: 'survey-answer', instrument, score, ...said, source });
  }

  feedback(atMs: number, type: 'complaint' | 'suggestion' | 'praise', content: string, rating: number): void {
    const source = { system: 'helpdesk', id: this.newId('f') };
    this.#tell(atMs, { command: 'feedback', type, content, rating, channel: 'web', source });
  }

  #tell(atMs: number, { command, ...fields }: JsonObject): void {
    if (atMs >= TO_MS) return;
    const customer = { identifiers: [{ type: 'crm', value: crmOf(this.person.number) }] };
    this.told.push({
      atMs,
      line: { command: command ?? '', customer, occurredAt: instant(atMs), ...fields },
    });
  }
}

function money(pence: number): { amount: string; currency: string } {
  return { amount: `${Math.floor(pence / 100)}.${String(pence % 100).padStart(2, '0')}`, currency: 'GBP' };
}
