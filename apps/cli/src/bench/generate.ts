/** Numbers that only look random: the same seed, the same run. (mulberry32) */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 inclusive to 1 exclusive. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** `min` and `max` inclusive. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<Items extends readonly [unknown, ...unknown[]]>(items: Items): Items[number] {
    return items[this.below(items.length)] ?? items[0];
  }
}

export const SEED = 20_261_031;
/** Of one touchpoint's JSON. */
const TARGET_BYTES = 600;
/** Different texts. Enough that nothing can be remembered from one to the next, few enough to hold. */
const VARIANTS = 2_048;
export const YEAR_MS = 31_536_000_000;
/** Everything that the benchmark sends with a time of its own happened before. */
export const END_MS = Date.parse('2026-10-31T00:00:00.000Z');

/** The words of a text, of which there is at least one. */
export function wordsIn(text: string): readonly [string, ...string[]] {
  const [first = '', ...more] = text.split(' ');
  return [first, ...more];
}

const WORDS = wordsIn(
  'parcel invoice delivery refund account order shipment warranty balance payment meeting renewal contract question ' +
    'answer today tomorrow morning arrived missing broken wrong great thanks please soon again still never always ' +
    'colour size left right box door courier store branch phone number address changed confirmed cancelled waiting',
);
export const CHANNELS = ['email', 'sms', 'voice', 'chat', 'web'] as const;
const OUTCOMES = ['resolved', 'pending', 'no-answer', 'escalated'] as const;
const DEPARTMENTS = ['support', 'sales', 'billing'] as const;

/** Key of a customer, as another system would know it. */
export function crmKey(customer: number): string {
  return `bench-${String(customer).padStart(7, '0')}`;
}

/** What follows the customer in a touchpoint's JSON, the closing brace included; with it about 600 bytes. */
function restOf(seeded: Seeded, reservedBytes: number): string {
  const fields = {
    channel: seeded.pick(CHANNELS),
    direction: seeded.chance(0.6) ? 'inbound' : 'outbound',
    occurredAt: new Date(END_MS - seeded.below(3 * YEAR_MS)).toISOString(),
    subject: sentence(seeded, 30),
    agent: `agent-${seeded.below(40)}`,
    department: seeded.pick(DEPARTMENTS),
    outcome: seeded.pick(OUTCOMES),
    durationSeconds: seeded.between(5, 1_800),
  };
  const without = JSON.stringify({ ...fields, content: '' }).length;
  const content = sentence(seeded, Math.max(20, TARGET_BYTES - reservedBytes - without));
  return JSON.stringify({ ...fields, content }).slice(1);
}

/** Words, as many as fit. */
export function sentence(seeded: Seeded, length: number): string {
  let text = seeded.pick(WORDS);
  while (text.length < length) text += ` ${seeded.pick(WORDS)}`;
  return text.slice(0, length).trimEnd();
}

/** Bodies of `POST /v1/touchpoints`, one customer each in turn, without an idempotency key: each is new each time. */
export function singleBodies(customerIds: readonly string[], count = VARIANTS): string[] {
  const seeded = new Seeded(SEED);
  return Array.from({ length: count }, (_, i) => {
    const head = `{"customer":{"id":"${customerIds[i % customerIds.length] ?? ''}"},`;
    return head + restOf(seeded, head.length);
  });
}

export interface LineOptions {
  /** Customers are drawn from 0 up to here. */
  readonly customers: number;
  /** Number of the first line, which is its id where it has a source. */
  readonly firstLine: number;
  /** Gives each line an id of its own in another system, which makes it idempotent. */
  readonly withSource: boolean;
}

/** Lines of a bulk body, by the thousand, as text of one byte a character. */
export class LineMaker {
  readonly #seeded: Seeded;
  readonly #rests: readonly string[];
  #line: number;

  constructor(private readonly options: LineOptions) {
    this.#seeded = new Seeded(SEED + options.firstLine);
    this.#line = options.firstLine;
    const reserved = this.#head().length;
    this.#rests = Array.from({ length: VARIANTS }, () => restOf(this.#seeded, reserved));
    this.#line = options.firstLine;
  }

  lines(count: number): string {
    let text = '';
    for (let i = 0; i < count; i++) text += `${this.#head()}${this.#rests[this.#line % VARIANTS] ?? ''}\n`;
    return text;
  }

  #head(): string {
    const customer = crmKey(this.#seeded.below(this.options.customers));
    const line = this.#line++;
    const source = this.options.withSource ? `"source":{"system":"bench","id":"m-${line}"},` : '';
    return `{"command":"touchpoint","customer":{"identifiers":[{"type":"crm","value":"${customer}"}]},${source}`;
  }
}
