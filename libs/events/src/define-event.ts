import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import type { Codec } from './codec';

/** Classes of personal data; each is sealed with a key of its own. */
export const CLASSES = ['identity', 'service', 'marketing', 'regulated'] as const;
export type PrivacyClass = (typeof CLASSES)[number];

export const PURPOSES = ['service', 'marketing', 'regulated'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Version 1 of the table from a command's purpose to the class its free text is sealed in (trust.md §1.2). */
export const CLASS_OF_PURPOSE: Readonly<Record<Purpose, PrivacyClass>> = {
  service: 'service',
  marketing: 'marketing',
  regulated: 'regulated',
};

/** `clear`: committed as it is, so a code, an id, an instant or a count. Otherwise the class whose key seals it. */
export type Privacy = 'clear' | 'by-purpose' | PrivacyClass;

export interface Field<T, Optional extends boolean, P extends Privacy> {
  readonly codec: Codec<T>;
  readonly privacy: P;
  readonly optional: Optional;
}
export type Fields = Readonly<Record<string, Field<unknown, boolean, Privacy>>>;

type Value<F> = F extends Field<infer T, boolean, Privacy> ? T : never;
type OptionalName<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<unknown, true, Privacy> ? K : never;
}[keyof F];
/** Optional, or sealed: what a reader may not find. */
type UnseenName<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<unknown, false, 'clear'> ? never : K;
}[keyof F];
type Simplify<T> = { [K in keyof T]: T[K] };
type DataWithout<F extends Fields, Missing extends keyof F> = Simplify<
  { readonly [K in Exclude<keyof F, Missing>]: Value<F[K]> } & { readonly [K in Missing]?: Value<F[K]> }
>;

/** An event's data as it is written, clear and sealed fields merged; inferred from its declaration. */
export type DataOf<F extends Fields> = DataWithout<F, OptionalName<F>>;
/** The same as it is read: a sealed field is missing where its blob was dropped or its key destroyed. */
export type SeenDataOf<F extends Fields> = DataWithout<F, UnseenName<F>>;

export interface EventDefinition<Type extends string, F extends Fields> {
  readonly type: Type;
  readonly fields: F;
  /** The field that names the earlier event that this one is about, if it is about one. */
  readonly about?: AboutDefinition;
  /** Before an append. Strict: every required field, no undeclared one. Throws `EventFormatError`. */
  parse(data: unknown): { readonly type: Type; readonly data: DataOf<F> };
  /** After a read: as strict, but for sealed fields that are gone. */
  parseSeen(data: unknown): { readonly type: Type; readonly data: SeenDataOf<F> };
}

export interface AboutDefinition {
  readonly field: string;
  readonly role: 'mention' | 'state' | 'redaction';
}

export class EventFormatError extends Error {
  override readonly name = 'EventFormatError';
}

export function clear<T>(codec: Codec<T>): Field<T, false, 'clear'> {
  return { codec, privacy: 'clear', optional: false };
}

export function sealed<T, P extends Exclude<Privacy, 'clear'>>(
  privacy: P,
  codec: Codec<T>,
): Field<T, false, P> {
  return { codec, privacy, optional: false };
}

export function optional<T, P extends Privacy>(field: Field<T, false, P>): Field<T, true, P> {
  return { ...field, optional: true };
}

/** JSON Schema of the clear fields alone: what an event's envelope shows of it. */
export function clearSchemaOf(fields: Fields): JsonObject {
  const clearFields = Object.entries(fields).filter(([, { privacy }]) => privacy === 'clear');
  return {
    type: 'object',
    required: clearFields.filter(([, field]) => !field.optional).map(([name]) => name),
    additionalProperties: false,
    properties: Object.fromEntries(clearFields.map(([name, { codec }]) => [name, codec.schema])),
  };
}

export function defineEvent<const Type extends string, F extends Fields>(
  type: Type,
  fields: F,
  about?: AboutDefinition,
): EventDefinition<Type, F> {
  const matches = (data: unknown): data is DataOf<F> => faultOf(fields, data, true) === undefined;
  const matchesSeen = (data: unknown): data is SeenDataOf<F> => faultOf(fields, data, false) === undefined;
  // Never the value: a message may reach a log.
  const fail = (data: unknown, complete: boolean): never => {
    throw new EventFormatError(`${type}: ${faultOf(fields, data, complete) ?? 'malformed'}`);
  };
  return {
    type,
    fields,
    ...(about === undefined ? {} : { about }),
    parse: (data) => (matches(data) ? { type, data } : fail(data, true)),
    parseSeen: (data) => (matchesSeen(data) ? { type, data } : fail(data, false)),
  };
}

function faultOf(fields: Fields, data: unknown, complete: boolean): string | undefined {
  if (!isJsonObject(data)) return 'not an object';
  for (const name in data) {
    if (data[name] !== undefined && !Object.hasOwn(fields, name)) return `undeclared field ${name}`;
  }
  for (const name in fields) {
    const field = fields[name];
    if (field === undefined) continue;
    const value = data[name];
    if (value === undefined) {
      if (!field.optional && (complete || field.privacy === 'clear')) return `missing field ${name}`;
    } else if (!field.codec.is(value)) return `malformed field ${name}`;
  }
  return undefined;
}

/** The event type that a definition declares, as it is written. */
export type EventOf<D> =
  D extends EventDefinition<infer Type, infer F> ? { readonly type: Type; readonly data: DataOf<F> } : never;
/** The same as it is read. */
export type SeenEventOf<D> =
  D extends EventDefinition<infer Type, infer F>
    ? { readonly type: Type; readonly data: SeenDataOf<F> }
    : never;
