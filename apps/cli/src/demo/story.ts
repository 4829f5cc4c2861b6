import type { JsonObject } from '#libs/core';
import type { Instrument } from '#libs/events';
import type { Seeded } from '../bench/generate';
import { crmOf, instant, TO_MS } from './person';
import type { Person } from './person';
import { AGENTS, PRODUCTS } from './words';
import type { Product, Words } from './words';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const DAYS: Words = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** One line of the bulk, and when it happened. */
export interface Told {
  readonly atMs: number;
  readonly line: JsonObject;
}

export interface Bought {
  readonly orderId: string;
  readonly pence: number;
  readonly product: Product;
}

/** Of a text: what it is about, where and when. */
export interface Details {
  readonly product: string;
  readonly city: string;
  readonly day: string;
}

/** A message by its id in the system it came from, by which later lines name it. */
type MessageSource = { readonly system: string; readonly id: string };

/** What happens to one customer: each method adds one line, unless it lies beyond the demo's last day. */
export class Story {
  readonly told: Told[] = [];
  #leftMs = Infinity;
  #ids = 0;
  #orders = 0;
  readonly #turns = new Map<readonly unknown[], number>();

  constructor(
    readonly person: Person,
    readonly seeded: Seeded,
  ) {}

  /** From then on nothing is heard; Infinity as long as nothing drove them away. */
  get leftMs(): number {
    return this.#leftMs;
  }

  /** A badly handled complaint was the end of it; whom the demo tells about stays. */
  leave(atMs: number): void {
    if (this.person.number > 0) this.#leftMs = Math.min(this.#leftMs, atMs);
  }

  /** Ids of this customer's messages and orders in the systems that they come from. */
  newId(prefix: string): string {
    return `${prefix}-${this.person.number}-${++this.#ids}`;
  }

  text(texts: Words, product?: Product): string {
    return fill(this.turn(texts), this.details(product));
  }

  /** One after the other from a random one on: nobody asks the same thing twice in a row. */
  turn<T>(items: readonly [T, ...T[]]): T {
    const place = this.#turns.get(items) ?? this.seeded.below(items.length);
    this.#turns.set(items, (place + 1) % items.length);
    return items[place] ?? items[0];
  }

  /** What a text and its answer are filled with. */
  details(product: Product = this.seeded.pick(PRODUCTS)): Details {
    return { product: shortName(product), city: this.person.city, day: this.seeded.pick(DAYS) };
  }

  agent(department = 'customer-care'): { agent: string; department: string } {
    return { agent: this.seeded.pick(AGENTS), department };
  }

  touchpoint(atMs: number, system: string, fields: JsonObject, id = this.newId('m')): MessageSource {
    const source = { system, id };
    this.#tell(atMs, { command: 'touchpoint', ...fields, source });
    return source;
  }

  status(atMs: number, touchpoint: MessageSource, status: string, code?: string): void {
    if (atMs >= TO_MS) return;
    const why = code === undefined ? {} : { code };
    const about = { touchpoint: { source: touchpoint }, status, ...why, occurredAt: instant(atMs) };
    this.told.push({ atMs, line: { command: 'touchpoint-status', ...about } });
  }

  /** One to four kinds of things; to the order. */
  purchase(atMs: number, channel: 'web' | 'in-person' | 'voice'): Bought {
    const { seeded, person } = this;
    const orderId = `HH${20_000 + person.number}-${++this.#orders}`;
    const product = seeded.pick(PRODUCTS);
    const products = new Set([product]);
    while (products.size < 4 && seeded.chance(person.habit.more)) products.add(seeded.pick(PRODUCTS));
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

  refund(atMs: number, { orderId, pence }: Bought, reason: string): void {
    const source = { system: 'shop', id: `${orderId}-refund` };
    this.#tell(atMs, { command: 'refund', orderId, amount: money(pence), reason, source });
  }

  survey(atMs: number, instrument: Instrument, score: number, comment?: string): void {
    const source = { system: 'survey', id: this.newId('a') };
    const said = comment === undefined ? {} : { comment };
    this.#tell(atMs, { command: 'survey-answer', instrument, score, ...said, source });
  }

  feedback(
    atMs: number,
    type: 'complaint' | 'suggestion' | 'praise',
    content: string,
    { rating, channel = 'web', id = this.newId('f') }: { rating: number; channel?: string; id?: string },
  ): void {
    const source = { system: 'helpdesk', id };
    this.#tell(atMs, { command: 'feedback', type, content, rating, channel, source });
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

export function fill(text: string, { product, city, day }: Details): string {
  return text.replaceAll('{product}', product).replaceAll('{city}', city).replaceAll('{day}', day);
}

/** As people say it: without its size or number. */
export function shortName({ name }: Product): string {
  return (name.split(',')[0] ?? name).toLowerCase();
}

function money(pence: number): { amount: string; currency: string } {
  return { amount: `${Math.floor(pence / 100)}.${String(pence % 100).padStart(2, '0')}`, currency: 'GBP' };
}
