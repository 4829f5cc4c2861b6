import type { JsonObject } from '#libs/core';
import { Seeded } from '../bench/generate';
import { CITIES, FIRST_NAMES, LAST_NAMES } from './words';

export const FROM_MS = Date.parse('2023-11-01T00:00:00.000Z');
/** Fixed, so that the same seed is the same company for ever. */
export const TO_MS = Date.parse('2026-10-31T00:00:00.000Z');
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Numbers that the British regulator keeps free for stories: 07700 900000 to 900999. */
const STORY_PHONES = 1_000;

/** How somebody buys and writes, each a month of an ordinary season; `leaves`: share of those who fall silent. */
interface Habit {
  readonly orders: number;
  readonly contacts: number;
  readonly leaves: number;
  /** Chance of one more thing in the basket, again and again. */
  readonly more: number;
}

const HABITS = {
  champion: { orders: 0.75, contacts: 0.8, leaves: 0.15, more: 0.5 },
  regular: { orders: 0.26, contacts: 0.45, leaves: 0.35, more: 0.35 },
  occasional: { orders: 0.08, contacts: 0.24, leaves: 0.4, more: 0.3 },
  'one-off': { orders: 0, contacts: 0.26, leaves: 1, more: 0.2 },
} as const satisfies Readonly<Record<string, Habit>>;
type HabitName = keyof typeof HABITS;

/** Of those who fall silent, so many come back. */
const COMES_BACK = 0.14;

export interface Person {
  readonly number: number;
  readonly name: string;
  readonly email: string;
  readonly phone: string | undefined;
  readonly city: string;
  readonly joinedMs: number;
  readonly newsletter: boolean;
  readonly habit: Habit;
  /** From then on nothing is heard; undefined for those who stay. */
  readonly silentMs: number | undefined;
  /** When somebody who had fallen silent is won back. */
  readonly backMs: number | undefined;
}

/** Customer number 0 is whom the demo tells about: one of the best from the first month on, once lost and won back. */
export function personOf(number: number, seeded: Seeded): Person {
  const first = seeded.pick(FIRST_NAMES);
  const last = seeded.pick(LAST_NAMES);
  const joinedMs = daytime(FROM_MS + seeded.next() ** 1.2 * (TO_MS - FROM_MS), seeded);
  const habitName = habitOf(seeded.next());
  const habit = HABITS[habitName];
  const phone = number < STORY_PHONES ? `+447700900${String(number).padStart(3, '0')}` : undefined;
  const person = {
    number,
    name: `${first} ${last}`,
    email: `${plain(first)}.${plain(last)}${number}@mail.example`,
    phone,
    city: seeded.pick(CITIES),
    newsletter: seeded.chance(0.5),
    habit,
  };
  if (number > 0) return { ...person, joinedMs, ...silenceOf(habitName, joinedMs, seeded) };
  const silence = {
    silentMs: Date.parse('2024-03-30T00:00:00Z'),
    backMs: Date.parse('2024-11-18T11:20:00Z'),
  };
  return {
    ...person,
    newsletter: true,
    habit: HABITS.champion,
    joinedMs: Date.parse('2023-11-10T10:12:00Z'),
    ...silence,
  };
}

function habitOf(dice: number): HabitName {
  if (dice < 0.09) return 'champion';
  if (dice < 0.37) return 'regular';
  return dice < 0.66 ? 'occasional' : 'one-off';
}

function silenceOf(habit: HabitName, joinedMs: number, seeded: Seeded): Pick<Person, 'silentMs' | 'backMs'> {
  const stays = seeded.next();
  const away = seeded.between(120, 330);
  const leaves = seeded.chance(HABITS[habit].leaves);
  const returns = seeded.chance(COMES_BACK);
  if (!leaves) return { silentMs: undefined, backMs: undefined };
  const silentMs =
    habit === 'one-off' ? joinedMs + (40 + stays * 50) * DAY_MS : joinedMs + stays * (TO_MS - joinedMs);
  const backMs = daytime(silentMs + away * DAY_MS, seeded);
  return { silentMs, backMs: returns && backMs < TO_MS ? backMs : undefined };
}

/** Whether somebody is heard of at all in these days. */
export function isActive({ silentMs, backMs }: Person, atMs: number): boolean {
  return silentMs === undefined || atMs < silentMs || (backMs !== undefined && atMs >= backMs);
}

export function crmOf(number: number): string {
  return `HH-${String(number).padStart(6, '0')}`;
}

export function registration(person: Person): JsonObject {
  const identifiers = [
    { type: 'email', value: person.email },
    { type: 'crm', value: crmOf(person.number) },
    ...(person.phone === undefined ? [] : [{ type: 'phone', value: person.phone }]),
  ];
  return {
    command: 'customer',
    identifiers,
    name: person.name,
    attributes: {
      city: person.city,
      newsletter: person.newsletter,
      since: instant(person.joinedMs).slice(0, 10),
    },
    source: { system: 'crm', id: crmOf(person.number) },
  };
}

export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** That day between eight and nine in the evening, like most of what people do. */
export function daytime(ms: number, seeded: Seeded): number {
  const day = Math.floor(ms / DAY_MS) * DAY_MS;
  return day + 8 * HOUR_MS + Math.floor(seeded.next() * 13 * HOUR_MS);
}

/** An address is spelled without accents. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\P{ASCII}/gu, '')
    .toLowerCase();
}
