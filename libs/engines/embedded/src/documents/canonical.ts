import { isJsonObject } from '#libs/core';
import type { Document, Json, JsonObject } from '#libs/core';

/** JavaScript moves members named like numbers to the front, and makes a prototype of `__proto__`. */
const UNMOVABLE = /^(?:\d|__proto__$)/;

/** JSON with members in UTF-16 order, so that equal documents are equal texts. */
export function canonicalText(document: Document): string {
  return inOrder(document) ? JSON.stringify(document) : write(document);
}

export function parseDocument(json: string): Document {
  const value: unknown = JSON.parse(json);
  if (!isJsonObject(value)) throw new TypeError('A stored document is no object');
  return value;
}

function inOrder(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(inOrder);
  let last: string | undefined;
  for (const [name, member] of Object.entries(value)) {
    if (last !== undefined && name < last) return false;
    if (typeof member === 'object' && !inOrder(member)) return false;
    last = name;
  }
  return true;
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => write(item ?? null)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).toSorted();
  return JSON.stringify(copyOf(value, names)) ?? textOf(value, names);
}

/** A sorted copy, written by one call, is much faster than text member by member; not every object has one. */
function copyOf(value: JsonObject, names: readonly string[]): JsonObject | undefined {
  const copy: Record<string, Json | undefined> = {};
  for (const name of names) {
    const member = value[name];
    if (UNMOVABLE.test(name) || !inOrder(member)) return undefined;
    copy[name] = member;
  }
  return copy;
}

function textOf(value: JsonObject, names: readonly string[]): string {
  const present = names.filter((name) => value[name] !== undefined);
  return `{${present.map((name) => `${JSON.stringify(name)}:${write(value[name])}`).join(',')}}`;
}
