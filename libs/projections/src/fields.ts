import type { Document, Json } from '#libs/core';

/** A document with these members; those that are `undefined` are left out, as JSON has no place for them. */
export function documentOf(fields: Readonly<Record<string, Json | undefined>>): Document {
  const document: Record<string, Json> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) document[name] = value;
  }
  return document;
}

/** A copy without these members. */
export function without(document: Document, names: readonly string[]): Document {
  const rest: Record<string, Json | undefined> = { ...document };
  for (const name of names) Reflect.deleteProperty(rest, name);
  return rest;
}

/** A list's items; none where it is no list. */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** A count; 0 where there is none. */
export function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}
