import { isJsonObject, pointerTo } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { MAX_NESTING } from '#libs/events';
import type { Attributes } from '#libs/domain';
import { REFUSED } from './rule';
import type { Fault, Rule } from './rule';

const MAX_ATTRIBUTES_BYTES = 16 * 1024;
const MAX_KEY_LENGTH = 64;

// Greatest number of bytes that JSON needs for a UTF-16 unit (`\u0000`), an integer, `false` and the signs around them.
const BYTES_PER_UNIT = 6;
const BYTES_PER_SCALAR = 20;
const SIGNS = 4;

/** Free members. Numbers are safe integers: decimals and money travel as text, which every language keeps as it is. */
export const attributes: Rule<Attributes> = {
  name: 'attributes',
  schema: { type: 'object', additionalProperties: true },
  read: (value) => (isJsonObject(value) && faultOf(value) === undefined ? value : REFUSED),
  explain: (value) =>
    (isJsonObject(value) ? faultOf(value) : undefined) ?? { pointer: '', message: 'must be an object' },
};

function faultOf(value: object): Fault | undefined {
  const size = { atMostBytes: 0 };
  const fault = memberFault(value, 1, size);
  if (fault !== undefined) return fault;
  // Most attributes are small: they need no serialising to know that.
  if (size.atMostBytes <= MAX_ATTRIBUTES_BYTES) return undefined;
  if (Buffer.byteLength(JSON.stringify(value)) <= MAX_ATTRIBUTES_BYTES) return undefined;
  return { pointer: '', message: `must not be greater than ${MAX_ATTRIBUTES_BYTES} bytes of JSON` };
}

function memberFault(value: unknown, depth: number, size: { atMostBytes: number }): Fault | undefined {
  switch (typeof value) {
    case 'string':
      size.atMostBytes += value.length * BYTES_PER_UNIT + SIGNS;
      return value.isWellFormed() ? undefined : { pointer: '', message: 'must be well-formed text' };
    case 'number':
      size.atMostBytes += BYTES_PER_SCALAR;
      return Number.isSafeInteger(value)
        ? undefined
        : { pointer: '', message: 'must be a safe integer; write any other number as text' };
    case 'boolean':
      size.atMostBytes += BYTES_PER_SCALAR;
      return undefined;
    case 'object':
      size.atMostBytes += BYTES_PER_SCALAR;
      if (value === null) return undefined;
      if (depth > MAX_NESTING) {
        return { pointer: '', message: `must not be nested deeper than ${MAX_NESTING}` };
      }
      if (isJsonObject(value)) return membersFault(value, depth, size);
      return Array.isArray(value) ? elementsFault(value, depth, size) : undefined;
    default:
      return { pointer: '', message: 'must be JSON' };
  }
}

function elementsFault(
  list: readonly unknown[],
  depth: number,
  size: { atMostBytes: number },
): Fault | undefined {
  for (let index = 0; index < list.length; index++) {
    const fault = memberFault(list[index], depth + 1, size);
    if (fault !== undefined) return { ...fault, pointer: `/${index}${fault.pointer}` };
  }
  return undefined;
}

function membersFault(value: JsonObject, depth: number, size: { atMostBytes: number }): Fault | undefined {
  for (const name in value) {
    size.atMostBytes += name.length * BYTES_PER_UNIT + SIGNS;
    const fault = isKey(name)
      ? memberFault(value[name], depth + 1, size)
      : {
          pointer: '',
          message: `must have a key of 1 to ${MAX_KEY_LENGTH} characters, no control characters, not __proto__`,
        };
    if (fault !== undefined) return { ...fault, pointer: pointerTo(name) + fault.pointer };
  }
  return undefined;
}

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function isKey(name: string): boolean {
  return (
    name.length >= 1 &&
    name.length <= MAX_KEY_LENGTH &&
    name !== '__proto__' &&
    !CONTROL.test(name) &&
    name.isWellFormed()
  );
}
