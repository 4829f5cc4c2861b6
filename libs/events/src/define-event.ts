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

export interface Field<T, Optional extends boolean> {
  readonly codec: Codec<T>;
  readonly privacy: Privacy;
  readonly optional: Optional;
}
export type Fields = Readonly<Record<string, Field<unknown, boolean>>>;

type Value<F> = F extends Field<infer T, boolean> ? T : never;
type OptionalName<F extends Fields> = { [K in keyof F]: F[K] extends Field<unknown, true> ? K : never }[keyof F];
type Simplify<T> = { [K in keyof T]: T[K] };
/** An event's data with clear and sealed fields merged, inferred from its declaration. */
export type DataOf<F extends Fields> = Simplify<
  { readonly [K in Exclude<keyof F, OptionalName<F>>]: Value<F[K]> } & {
    readonly [K in OptionalName<F>]?: Value<F[K]>;
  }
>;

export interface EventDefinition<Type extends string, F extends Fields> {
  readonly type: Type;
  readonly fields: F;
  /** Names of the clear fields, in canonical order. */
  readonly clearNames: readonly string[];
  /** Names of the sealed fields, in canonical order. */
  readonly sealedNames: readonly string[];
  /** The field of the earlier event that this one is about, if it is about one. */
  readonly about?: AboutDefinition;
  /** Strict: every required field, no undeclared one. Sealed fields may be missing where their blob is gone. */
  parse(data: unknown, sealedPresent?: boolean): { readonly type: Type; readonly data: DataOf<F> };
}

export interface AboutDefinition {
  readonly field: string;
  readonly role: 'mention' | 'state' | 'redaction';
}

export class EventFormatError extends Error {
  override readonly name = 'EventFormatError';
}

export function clear<T>(codec: Codec<T>): Field<T, false> {
  return { codec, privacy: 'clear', optional: false };
}

export function sealed<T>(privacy: Exclude<Privacy, 'clear'>, codec: Codec<T>): Field<T, false> {
  return { codec, privacy, optional: false };
}

export function optional<T>(field: Field<T, false>): Field<T, true> {
  return { ...field, optional: true };
}

export function defineEvent<const Type extends string, F extends Fields>(
  type: Type,
  fields: F,
  about?: AboutDefinition,
): EventDefinition<Type, F> {
  const names = Object.keys(fields).toSorted();
  const isClear = (name: string): boolean => fields[name]?.privacy === 'clear';
  const fault = (data: JsonObject, sealedPresent: boolean): string | undefined => {
    for (const name in data) {
      if (fields[name] === undefined && data[name] !== undefined) return `undeclared field ${name}`;
    }
    for (const name of names) {
      const field = fields[name];
      const value = data[name];
      if (field === undefined) continue;
      if (value === undefined) {
        if (!field.optional && (sealedPresent || field.privacy === 'clear')) return `missing field ${name}`;
      } else if (!field.codec.is(value)) return `malformed field ${name}`;
    }
    return undefined;
  };
  const matches = (data: unknown, sealedPresent: boolean): data is DataOf<F> =>
    isJsonObject(data) && fault(data, sealedPresent) === undefined;
  return {
    type,
    fields,
    clearNames: names.filter(isClear),
    sealedNames: names.filter((name) => !isClear(name)),
    ...(about === undefined ? {} : { about }),
    parse(data, sealedPresent = true) {
      if (matches(data, sealedPresent)) return { type, data };
      const what = isJsonObject(data) ? fault(data, sealedPresent) : 'not an object';
      // Never the value: a message may reach a log.
      throw new EventFormatError(`${type}: ${what}`);
    },
  };
}

/** The event type that a definition declares. */
export type EventOf<D> = D extends EventDefinition<infer Type, infer F> ? { readonly type: Type; readonly data: DataOf<F> } : never;
