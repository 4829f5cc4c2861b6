import { isCode, isJsonObject, isUuid } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { MAX_TEXT } from '#libs/events';

export type Constructor<T> = new () => T;

/** What a rule answers for a value that it refuses. */
export const REFUSED: unique symbol = Symbol('refused');
export type Refused = typeof REFUSED;

/** Where (JSON Pointer, RFC 6901) and what. Never the value: an answer may reach a log. */
export interface Fault {
  readonly pointer: string;
  readonly message: string;
}

/** A number, text, list or object that a field may hold; its schema is what OpenAPI shows. */
export interface Rule<T> {
  readonly name: string;
  readonly schema: JsonObject;
  /** The value as the message keeps it. `owner` is the object that the field belongs to, as it came in. */
  read(value: unknown, owner: object): T | Refused;
  /** Asked only about values that were refused; its pointer starts at the value. */
  explain(value: unknown, owner: object): Fault;
  /** Of a query string, where every value is text. */
  readonly fromText?: (text: string) => unknown;
  /** The class whose fields an object has. */
  readonly members?: () => Constructor<object>;
  /** What OpenAPI says of that class beside its fields. */
  readonly shape?: JsonObject;
  /** The rule of a list's elements. */
  readonly elements?: Rule<unknown>;
}

export function simple<T>(
  name: string,
  schema: JsonObject,
  message: string,
  read: (value: unknown) => T | Refused,
): Rule<T> {
  const fault: Fault = { pointer: '', message };
  return { name, schema, read, explain: () => fault };
}

/** Characters are UTF-16 units, as in the record; text is kept as it is given. */
export function text({ min = 0, max = MAX_TEXT }: { min?: number; max?: number } = {}): Rule<string> {
  const message = `must be well-formed text of ${min} to ${max} characters`;
  return simple('text', { type: 'string', minLength: min, maxLength: max }, message, (value) =>
    typeof value === 'string' && value.length >= min && value.length <= max && value.isWellFormed()
      ? value
      : REFUSED,
  );
}

export const code: Rule<string> = simple(
  'code',
  { type: 'string', pattern: '^[a-z0-9._-]{1,64}$' },
  'must be a code: 1 to 64 characters of a-z 0-9 . _ -',
  (value) => (isCode(value) ? value : REFUSED),
);

export const uuid: Rule<string> = simple(
  'uuid',
  { type: 'string', format: 'uuid' },
  'must be a UUID',
  readUuid,
);

/** A code, or a UUID. */
export const reference: Rule<string> = simple(
  'reference',
  { type: 'string', pattern: '^([a-z0-9._-]{1,64}|[0-9A-Fa-f-]{36})$' },
  'must be a code or a UUID',
  (value) => (isCode(value) ? value : readUuid(value)),
);

export function oneOf<const T extends string>(values: readonly T[]): Rule<T> {
  const message = `must be one of ${values.join(' ')}`;
  return simple('oneOf', { type: 'string', enum: [...values] }, message, (value) => {
    for (const known of values) if (known === value) return known;
    return REFUSED;
  });
}

export function pattern(expression: RegExp, message: string): Rule<string> {
  return simple('pattern', { type: 'string', pattern: expression.source }, message, (value) =>
    typeof value === 'string' && expression.test(value) ? value : REFUSED,
  );
}

const DECIMAL = /^(0|-?[1-9]\d{0,15})$/;

export function integer({ min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number }): Rule<number> {
  const bounded = max !== Number.MAX_SAFE_INTEGER;
  const schema = { type: 'integer', minimum: min, ...(bounded ? { maximum: max } : {}) };
  const message = bounded
    ? `must be an integer from ${min} to ${max}`
    : `must be an integer of at least ${min}`;
  return {
    ...simple('integer', schema, message, (value) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : REFUSED,
    ),
    fromText: (given) => (DECIMAL.test(given) ? Number(given) : given),
  };
}

/** What is wrong about which fields an object has. */
interface Presence {
  (value: JsonObject): string | undefined;
  readonly shape?: JsonObject;
}

/** An object with the fields of a class and no others. `fault` says what is wrong about which fields it has. */
export function object<T extends object>(members: () => Constructor<object>, fault?: Presence): Rule<T> {
  // The members are read one by one after this; a value with the wrong ones does not get out of `check`.
  const fits = (value: unknown): value is T => isJsonObject(value) && fault?.(value) === undefined;
  return {
    name: 'object',
    schema: {},
    members,
    ...(fault?.shape === undefined ? {} : { shape: fault.shape }),
    read: (value) => (fits(value) ? value : REFUSED),
    explain: (value) => ({
      pointer: '',
      message: (isJsonObject(value) ? fault?.(value) : undefined) ?? 'must be an object',
    }),
  };
}

/** For `object`: the fields of which there must be one, and only one. */
export function exactlyOne(...names: readonly string[]): Presence {
  const message = `must have exactly one of ${names.join(' and ')}`;
  const fault = (value: JsonObject): string | undefined => {
    let given = 0;
    for (const name of names) if (value[name] !== undefined) given++;
    return given === 1 ? undefined : message;
  };
  return Object.assign(fault, { shape: { oneOf: names.map((name) => ({ required: [name] })) } });
}

export function listOf<T>(elements: Rule<T>, { min, max }: { min: number; max: number }): Rule<readonly T[]> {
  const schema = { type: 'array', minItems: min, maxItems: max };
  const message = `must be a list of ${min} to ${max} elements`;
  const read = (value: unknown): readonly T[] | Refused =>
    Array.isArray(value) && value.length >= min && value.length <= max ? value : REFUSED;
  return { ...simple('list', schema, message, read), elements };
}

function readUuid(value: unknown): string | Refused {
  if (isUuid(value)) return value;
  if (typeof value !== 'string') return REFUSED;
  const lower = value.toLowerCase();
  return isUuid(lower) ? lower : REFUSED;
}
