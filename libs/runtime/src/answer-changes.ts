import { isJsonObject, pointerTo } from '#libs/core';
import type { Json } from '#libs/core';

/** Steps from the root of a value into it, unescaped. */
export type Path = readonly string[];

/** An event, by its place and id. */
export interface Cause {
  readonly revision: number;
  readonly eventId: string;
}

/** One value that is not what it was; a side is missing where the member was not there. */
export interface Difference {
  readonly path: Path;
  readonly was: Json | undefined;
  readonly now: Json | undefined;
}

/** How many events a change names: the latest ones. */
export const NAMED_CAUSES = 100;

/**
 * What differs between two values, as deep as it can be told: objects member by member, lists of one length element by
 * element, anything else as a whole. `ignore` leaves out what is at a path and below.
 */
export function differences(
  was: Json | undefined,
  now: Json | undefined,
  ignore: (path: Path) => boolean = () => false,
  path: Path = [],
): readonly Difference[] {
  if (was === now || ignore(path)) return [];
  if (isList(was) && isList(now) && was.length === now.length) {
    return was.flatMap((item, i) => differences(item, now[i], ignore, [...path, String(i)]));
  }
  if (!isJsonObject(was) || !isJsonObject(now)) return [{ path, was, now }];
  const names = new Set([...Object.keys(was), ...Object.keys(now)]);
  return [...names].flatMap((name) =>
    differences(member(was, name), member(now, name), ignore, [...path, name]),
  );
}

/** A JSON Pointer (RFC 6901). */
export function pointerOf(path: Path): string {
  return path.map(pointerTo).join('');
}

/**
 * Which events changed what, while one state is turned into the next. Whatever the depth at which a change was told then,
 * it counts for the values around it and within it: a sum that appeared as a whole and grew afterwards is one story.
 */
export class Causes {
  readonly #root = new Place();

  /** Events come in the order in which they are to be named. */
  note(path: Path, cause: Cause): void {
    let place = this.#root;
    place.within.add(cause);
    for (const step of path) {
      place = place.at(step);
      place.within.add(cause);
    }
    place.whole.add(cause);
  }

  /** Events that changed something at this path, in it, or around it as a whole: the latest, in order, and how many. */
  of(path: Path): { readonly latest: readonly Cause[]; readonly count: number } {
    let place: Place | undefined = this.#root;
    const lists: Latest[] = [];
    for (const step of path) {
      lists.push(place.whole);
      place = place.find(step);
      if (place === undefined) break;
    }
    if (place !== undefined) lists.push(place.within);
    // No event is in two of them: what an event changed as a whole it did not also change in part.
    const latest = lists.flatMap(({ items }) => items).toSorted((a, b) => a.revision - b.revision);
    return { latest: latest.slice(-NAMED_CAUSES), count: lists.reduce((sum, { count }) => sum + count, 0) };
  }
}

class Latest {
  count = 0;
  readonly items: Cause[] = [];

  /** An event that comes again counts once. */
  add(cause: Cause): void {
    if (this.items.at(-1) === cause) return;
    this.count++;
    this.items.push(cause);
    if (this.items.length > NAMED_CAUSES) this.items.shift();
  }
}

/** A place in a value and the events that changed it as a whole, or anything at or below it. */
class Place {
  readonly whole = new Latest();
  readonly within = new Latest();
  readonly #members = new Map<string, Place>();

  find(step: string): Place | undefined {
    return this.#members.get(step);
  }

  at(step: string): Place {
    let place = this.#members.get(step);
    if (place === undefined) this.#members.set(step, (place = new Place()));
    return place;
  }
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Attributes may have members that are called like those of every object. */
function member(object: { readonly [name: string]: Json | undefined }, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
