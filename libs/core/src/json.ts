/** A value of JSON whose numbers are safe integers; decimals and money travel as strings. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two values say the same: the order of an object's members says nothing, and one that is `undefined` is not there. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  }
  return isJsonObject(a) && isJsonObject(b) && sameMembers(a, b, []);
}

/** The same of objects, but for the members that `without` names. */
export function sameMembers(a: JsonObject, b: JsonObject, without: readonly string[]): boolean {
  let left = 0;
  for (const name of Object.keys(b)) if (b[name] !== undefined && !without.includes(name)) left++;
  for (const name of Object.keys(a)) {
    if (a[name] === undefined || without.includes(name)) continue;
    if (!Object.hasOwn(b, name) || !sameJson(a[name], b[name])) return false;
    left--;
  }
  return left === 0;
}

/** A step of a JSON Pointer (RFC 6901). */
export function pointerTo(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
