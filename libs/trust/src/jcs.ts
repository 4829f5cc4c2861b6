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
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) bad('not a plain object', path);
  if (Object.getOwnPropertySymbols(value).length > 0) bad('symbol key', path);
  let out = '{';
  // The default comparator sorts by UTF-16 code units, which is what the RFC asks for.
  for (const name of Object.keys(value).toSorted()) {
    const member: unknown = Reflect.get(value, name);
    if (member === undefined) continue;
    out += `${out.length > 1 ? ',' : ''}${quote(name, path)}:${write(member, path, depth + 1)}`;
  }
  return `${out}}`;
}

function quote(text: string, path: string): string {
  if (!text.isWellFormed()) bad('lone surrogate', path);
  return JSON.stringify(text);
}

function bad(what: string, path: string): never {
  throw new TypeError(`canonical JSON: ${what} at ${path === '' ? '/' : path}`);
}
