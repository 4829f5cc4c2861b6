import type { JsonObject } from '#libs/core';
import { Seeded } from '../bench/generate';
import { CITIES, FIRST_NAMES, LAST_NAMES } from './words';

export const FROM_MS = Date.parse('2023-11-01T00:00:00.000Z');
/** Fixed, so that the same seed is the same company for ever. */
export const TO_MS = Date.parse('2026-10-31T00:00:00.000Z');

/** Numbers that the British regulator keeps free for stories: 07700 900000 to 900999. */
const STORY_PHONES = 1_000;

export interface Person {
  readonly number: number;
  readonly name: string;
  readonly email: string;
  readonly phone: string | undefined;
  readonly city: string;
  readonly joinedMs: number;
  readonly newsletter: boolean;
  /** How often this person buys and writes, compared with the others. */
  readonly activity: number;
  /** After it nothing is heard any more; undefined for those who stay. */
  readonly lapsedMs: number | undefined;
}

/** Customer number 0 is whom the demo tells about: present from the first month to the last. */
export function personOf(number: number, seeded: Seeded): Person {
  const first = seeded.pick(FIRST_NAMES);
  const last = seeded.pick(LAST_NAMES);
  const joined = FROM_MS + Math.floor(seeded.next() ** 1.3 * (TO_MS - FROM_MS));
  const lapses = seeded.chance(0.3);
  const stays = seeded.next();
  const city = seeded.pick(CITIES);
  const newsletter = seeded.chance(0.55);
  const activity = seeded.chance(0.15) ? 2.6 : seeded.chance(0.4) ? 1 : 0.45;
  const joinedMs = number === 0 ? FROM_MS + 9 * 86_400_000 : joined;
  return {
    number,
    name: `${first} ${last}`,
    email: `${plain(first)}.${plain(last)}${number}@mail.example`,
    phone: number < STORY_PHONES ? `+447700900${String(number).padStart(3, '0')}` : undefined,
    city,
    joinedMs,
    newsletter: newsletter || number === 0,
    activity: number === 0 ? 1.6 : activity,
    lapsedMs: lapses && number !== 0 ? joinedMs + stays * (TO_MS - joinedMs) : undefined,
  };
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

/** An address is spelled without accents. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\P{ASCII}/gu, '')
    .toLowerCase();
}
