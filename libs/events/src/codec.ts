import { isCode, isInstant, isJsonObject, isUuid } from '#libs/core';
import type { Instant, Json, JsonObject } from '#libs/core';

/** A value's check and its JSON Schema. The TypeScript type is inferred from the check. */
export interface Codec<T> {
  readonly is: (value: unknown) => value is T;
  readonly schema: JsonObject;
}

/** Characters of a free text (not bytes): what a command's body limit lets through anyway. */
export const MAX_TEXT = 262_144;
/** Nesting of attributes, the outermost object counted. */
export const MAX_NESTING = 16;

const MONEY_AMOUNT = /^-?\d{1,15}(\.\d{1,6})?$/;
const CURRENCY = /^[A-Z]{3}$/;
/** Sums have more digits than the amounts that they are of. */
const DECIMAL = /^-?\d{1,30}(\.\d{1,6})?$/;

// Type aliases, not interfaces: only these count as JSON objects to the compiler.
export type Money = {
  readonly amount: string;
  readonly currency: string;
};
export type Identifier = {
  readonly type: string;
  readonly value: string;
};
export type Item = {
  readonly sku: string;
  readonly name?: string;
  readonly quantity: number;
  readonly unitPrice?: Money;
};

export function text(maxLength = MAX_TEXT): Codec<string> {
  return {
    is: (value): value is string =>
      typeof value === 'string' && value.length <= maxLength && value.isWellFormed(),
    schema: { type: 'string', maxLength },
  };
}

export function oneOf<const T extends string>(values: readonly T[]): Codec<T> {
  return {
    is: (value): value is T => values.some((known) => known === value),
    schema: { type: 'string', enum: [...values] },
  };
}

export const code: Codec<string> = { is: isCode, schema: { type: 'string', pattern: '^[a-z0-9._-]{1,64}$' } };
export const uuid: Codec<string> = { is: isUuid, schema: { type: 'string', format: 'uuid' } };
export const instant: Codec<Instant> = { is: isInstant, schema: { type: 'string', format: 'date-time' } };

export function integer(min: number, max: number): Codec<number> {
  return {
    is: (value): value is number =>
      Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
    schema: { type: 'integer', minimum: min, maximum: max },
  };
}

export function listOf<T>(item: Codec<T>, maxItems: number): Codec<readonly T[]> {
  return {
    is: (value): value is readonly T[] =>
      Array.isArray(value) && value.length <= maxItems && value.every(item.is),
    schema: { type: 'array', items: item.schema, maxItems },
  };
}

function matching(pattern: RegExp): Codec<string> {
  return {
    is: (value): value is string => typeof value === 'string' && pattern.test(value),
    schema: { type: 'string', pattern: pattern.source },
  };
}

export const currency = matching(CURRENCY);
/** A sum of money without its currency. */
export const decimal = matching(DECIMAL);
const moneyAmount = matching(MONEY_AMOUNT);

export const money: Codec<Money> = {
  is: (value): value is Money =>
    hasOnly(value, ['amount', 'currency']) &&
    moneyAmount.is(value['amount']) &&
    currency.is(value['currency']),
  schema: {
    type: 'object',
    required: ['amount', 'currency'],
    additionalProperties: false,
    properties: {
      amount: moneyAmount.schema,
      currency: currency.schema,
    },
  },
};

export const identifier: Codec<Identifier> = {
  is: (value): value is Identifier =>
    hasOnly(value, ['type', 'value']) && isCode(value['type']) && text(1024).is(value['value']),
  schema: {
    type: 'object',
    required: ['type', 'value'],
    additionalProperties: false,
    properties: { type: code.schema, value: text(1024).schema },
  },
};

export const item: Codec<Item> = {
  is: (value): value is Item =>
    hasOnly(value, ['sku', 'name', 'quantity', 'unitPrice']) &&
    text(256).is(value['sku']) &&
    (value['name'] === undefined || text(1024).is(value['name'])) &&
    Number.isSafeInteger(value['quantity']) &&
    (value['unitPrice'] === undefined || money.is(value['unitPrice'])),
  schema: {
    type: 'object',
    required: ['sku', 'quantity'],
    additionalProperties: false,
    properties: {
      sku: text(256).schema,
      name: text(1024).schema,
      quantity: { type: 'integer' },
      unitPrice: money.schema,
    },
  },
};

/** Free members under keys of 1–64 characters; numbers are safe integers, anything else is a string. */
export const attributes: Codec<JsonObject> = {
  is: (value): value is JsonObject => isJsonObject(value) && isRecordJson(value, 1),
  schema: { type: 'object' },
};

function isRecordJson(value: unknown, depth: number): value is Json {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (depth > MAX_NESTING || typeof value !== 'object') return false;
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (!Object.keys(value).every((name) => name.isWellFormed())) return false;
  return members.every((member) => isRecordJson(member, depth + 1));
}

function hasOnly(value: unknown, names: readonly string[]): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).every((name) => names.includes(name));
}
