import { Seeded } from '../bench/generate';
import { contact } from './contacts';
import { tellExample } from './example';
import { order } from './orders';
import { campaigns, LIST_CLEANED_MS, panels, winBack } from './outreach';
import { daytime, FROM_MS, isActive, personOf, registration, TO_MS } from './person';
import type { Person } from './person';
import { DAY_MS, HOUR_MS, MINUTE_MS, Story } from './story';
import type { Told } from './story';

export const DEFAULT_SEED = 7;
export const DEFAULT_CUSTOMERS = 3_000;

/** By month, from January. People buy before Christmas, write in the weeks after it, and are away in summer. */
const BUYING = [0.7, 0.6, 0.8, 0.9, 1, 0.9, 0.6, 0.5, 0.9, 1.1, 1.8, 2.4];
const WRITING = [1.7, 1, 0.8, 0.8, 0.9, 0.8, 0.6, 0.6, 0.9, 1, 1.3, 1.6];
/** Share of those who are in the books because they bought something. */
const BEGINS_WITH_AN_ORDER = 0.88;
/** After so long without a word somebody is written to. */
const MISSED_MS = 180 * DAY_MS;

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
  if (person.number === 0) tellExample(story);
  if (person.habit.orders === 0 || seeded.chance(BEGINS_WITH_AN_ORDER)) {
    order(story, person.joinedMs + seeded.between(5, 50) * MINUTE_MS);
  }
  for (const month of monthsFrom(person.joinedMs)) {
    if (month.startMs >= story.leftMs) break;
    liveOn(story, month);
    if (person.newsletter && month.startMs > person.joinedMs && isWrittenTo(person, month.startMs)) {
      campaigns(story, month.startMs);
    }
  }
  comeBack(story);
  return story.told;
}

function liveOn(story: Story, { startMs, endMs, month }: Month): void {
  const { person, seeded } = story;
  // Nobody orders before they are known: what follows an order would then have nothing to follow.
  const sometime = (): number =>
    Math.max(person.joinedMs + HOUR_MS, daytime(startMs + seeded.next() * (endMs - startMs), seeded));
  for (let i = times(seeded, person.habit.orders * (BUYING[month] ?? 1)); i > 0; i--) {
    const atMs = sometime();
    if (isActive(person, atMs)) order(story, atMs);
  }
  for (let i = times(seeded, person.habit.contacts * (WRITING[month] ?? 1)); i > 0; i--) {
    const atMs = sometime();
    if (isActive(person, atMs)) contact(story, atMs);
  }
  if (startMs > person.joinedMs && isActive(person, startMs)) panels(story, startMs);
}

/** Those who are missed are written to; a few answer with an order. */
function comeBack(story: Story): void {
  const { silentMs, backMs, newsletter } = story.person;
  if (silentMs === undefined || story.leftMs < Infinity) return;
  if (backMs !== undefined) {
    winBack(story, backMs - 3 * DAY_MS, true);
    order(story, backMs);
  } else if (newsletter) winBack(story, silentMs + MISSED_MS, false);
}

function isWrittenTo(person: Person, atMs: number): boolean {
  return isActive(person, atMs) || isActive(person, atMs - LIST_CLEANED_MS);
}

interface Month {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 is January. */
  readonly month: number;
}

function* monthsFrom(joinedMs: number): Generator<Month> {
  for (const day = new Date(FROM_MS); day.getTime() < TO_MS; day.setUTCMonth(day.getUTCMonth() + 1)) {
    const endMs = Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1);
    if (endMs <= joinedMs) continue;
    yield { startMs: day.getTime(), endMs, month: day.getUTCMonth() };
  }
}

/** A whole number whose mean is `mean`. */
function times(seeded: Seeded, mean: number): number {
  const whole = Math.floor(mean);
  return whole + (seeded.chance(mean - whole) ? 1 : 0);
}
