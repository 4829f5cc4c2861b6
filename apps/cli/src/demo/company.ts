import { Seeded } from '../bench/generate';
import { contact, mailing, order, trouble } from './episodes';
import { FROM_MS, personOf, registration, TO_MS } from './person';
import type { Person } from './person';
import { DAY_MS, HOUR_MS, Story } from './story';
import type { Told } from './story';

export const DEFAULT_SEED = 7;
export const DEFAULT_CUSTOMERS = 2_000;

/** By month, from January. People buy before Christmas and write in the weeks after it. */
const BUYING = [0.7, 0.6, 0.8, 0.9, 1, 0.9, 0.7, 0.6, 0.9, 1.1, 1.8, 2.3];
const WRITING = [1.7, 1, 0.8, 0.8, 0.9, 0.8, 0.7, 0.7, 0.9, 1, 1.3, 1.6];
const ORDERS_A_MONTH = 0.24;
const CONTACTS_A_MONTH = 0.3;
/** Mailings go out in the first month of a season. */
const MAILING_MONTHS = new Set([1, 2, 4, 5, 8, 10, 11]);

export interface Company {
  readonly people: readonly Person[];
  /** Lines of a bulk, in the order in which they happened. */
  readonly lines: readonly string[];
}

/** The same seed is the same company, to the letter. */
export function companyOf(seed: number, customers: number): Company {
  const people: Person[] = [];
  const told: Told[] = [];
  for (let number = 0; number < customers; number++) {
    // A generator each: what happens to one customer does not move the dice of the next.
    const seeded = new Seeded(seed * 1_000_003 + number);
    const person = personOf(number, seeded);
    people.push(person);
    told.push({ atMs: person.joinedMs, line: registration(person) }, ...lifeOf(person, seeded));
  }
  told.sort((a, b) => a.atMs - b.atMs);
  return { people, lines: told.map(({ line }) => JSON.stringify(line)) };
}

function lifeOf(person: Person, seeded: Seeded): readonly Told[] {
  const story = new Story(person, seeded);
  if (person.number === 0) example(story);
  for (const { startMs, endMs, month } of months(person)) {
    // Nobody orders before they are known: what follows an order would then have nothing to follow.
    const sometime = (): number =>
      Math.max(person.joinedMs + HOUR_MS, daytime(startMs + seeded.next() * (endMs - startMs), seeded));
    for (let i = times(seeded, ORDERS_A_MONTH * person.activity * (BUYING[month] ?? 1)); i > 0; i--) {
      order(story, sometime());
    }
    for (let i = times(seeded, CONTACTS_A_MONTH * person.activity * (WRITING[month] ?? 1)); i > 0; i--) {
      contact(story, sometime());
    }
    const mailedMs = startMs + 9 * HOUR_MS;
    if (person.newsletter && MAILING_MONTHS.has(month) && mailedMs > person.joinedMs)
      mailing(story, mailedMs, month);
  }
  return story.told;
}

/** What the demo shows happens to customer 0 for certain: an order that goes wrong and ends in praise. */
function example(story: Story): void {
  const atMs = Date.parse('2026-05-12T10:04:00.000Z');
  const bought = story.purchase(atMs, 'web');
  trouble(story, atMs + 5 * DAY_MS, bought, true);
  for (const [id, { channel, content }] of Object.entries(EXAMPLES)) {
    story.told.push({
      atMs: atMs + 6 * DAY_MS,
      line: {
        command: 'touchpoint',
        customer: { identifiers: [{ type: 'email', value: story.person.email }] },
        channel,
        direction: 'inbound',
        occurredAt: new Date(atMs + 6 * DAY_MS).toISOString(),
        content,
        source: { system: 'helpdesk', id },
      },
    });
  }
}

/** Messages that are corrected, annotated and redacted afterwards, by their ids in the helpdesk. */
export const EXAMPLES = {
  'example-corrected': {
    channel: 'voice',
    content: 'Left a message on the pavement: please call back about the kettle.',
  },
  'example-redacted': {
    channel: 'chat',
    content: 'My card number is 4000 1234 5678 9010, please refund it there.',
  },
} as const;

function* months({
  joinedMs,
  lapsedMs,
}: Person): Generator<{ startMs: number; endMs: number; month: number }> {
  const untilMs = lapsedMs ?? TO_MS;
  for (const day = new Date(FROM_MS); day.getTime() < untilMs; day.setUTCMonth(day.getUTCMonth() + 1)) {
    const endMs = Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1);
    if (endMs <= joinedMs) continue;
    yield { startMs: day.getTime(), endMs: Math.min(endMs, untilMs), month: day.getUTCMonth() };
  }
}

/** A whole number whose mean is `mean`. */
function times(seeded: Seeded, mean: number): number {
  const whole = Math.floor(mean);
  return whole + (seeded.chance(mean - whole) ? 1 : 0);
}

/** Between eight and nine in the evening, like most of what people do. */
function daytime(ms: number, seeded: Seeded): number {
  const day = Math.floor(ms / DAY_MS) * DAY_MS;
  return day + 8 * HOUR_MS + Math.floor(seeded.next() * 13 * HOUR_MS);
}
