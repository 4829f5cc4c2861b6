/**
 * Canonical JSON (RFC 8785) in the ledger's profile: numbers are safe integers only. What JSON.stringify silently
 * drops or rewrites (undefined in arrays, NaN, toJSON, lone surrogates, Map) is refused with a TypeError that names
 * the place, never the value. Members whose value is `undefined` are left out, as the record leaves optional keys out.
 */
export function jcs(value: unknown): string {
  return write(value, '', 0);
}

const MAX_DEPTH = 64;

function write(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value, path);
    case 'number':
      if (!Number.isSafeInteger(value)) return bad('only safe integers', path);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= MAX_DEPTH) return bad(`nesting > ${MAX_DEPTH}`, path);
      return Array.isArray(value) ? writeArray(value, path, depth) : writeObject(value, path, depth);
    default:
      return bad(`unsupported type ${typeof value}`, path);
  }
}

function writeArray(values: readonly unknown[], path: string, depth: number): string {
  let out = '[';
  for (let i = 0; i < values.length; i++) {
    if (!(i in values)) bad('array hole', `${path}/${i}`);
    out += (i === 0 ? '' : ',') + write(values[i], `${path}/${i}`, depth + 1);
  }
  return `${out}]`;
}

function writeObject(value: object, path: string, depth: number): string {
  if (!isPlain(value)) return bad('not a plain object', path);
  if (Object.getOwnPropertySymbols(value).length > 0) bad('symbol key', path);
  let out = '{';
  for (const name of sortedNames(value)) {
    const member = value[name];
    if (member === undefined) continue;
    out += `${out.length > 1 ? ',' : ''}${quote(name, path)}:${write(member, path, depth + 1)}`;
  }
  return `${out}}`;
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** More names than this are left to the library's sort. */
const FEW = 24;

/** By UTF-16 code units, as the RFC asks for; the names of most objects are few, and sorted where they stand. */
function sortedNames(value: Record<string, unknown>): readonly string[] {
  const names = Object.keys(value);
  if (names.length > FEW) return names.toSorted();
  for (let i = 1; i < names.length; i++) {
    const name = names[i] ?? '';
    let at = i;
    for (let before = names[at - 1]; before !== undefined && before > name; before = names[at - 1]) {
      names[at--] = before;
    }
    names[at] = name;
  }
  return names;
}

function quote(text: string, path: string): string {
  if (!text.isWellFormed()) bad('lone surrogate', path);
  return JSON.stringify(text);
}

function bad(what: string, path: string): never {
  throw new TypeError(`canonical JSON: ${what} at ${path === '' ? '/' : path}`);
}
