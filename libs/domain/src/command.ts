import { refuse } from '#libs/core';
import type { Instant, JsonObject, Refused } from '#libs/core';
import type { Identifier } from '#libs/events';

/** Whom a command is about: by id, or by identifiers of one customer, who is registered where none is known. */
export type CustomerReference = { readonly id: string } | { readonly identifiers: readonly Identifier[] };

/** The message that a command came from; makes the command idempotent for ever. `part` where one message concerns several customers. */
export interface Source {
  readonly system: string;
  readonly id: string;
  readonly part?: string;
}

/** What of a source the event keeps. */
export function provenanceOf(source: Source | undefined): {
  readonly sourceSystem?: string;
  readonly sourceId?: string;
  readonly sourcePart?: string;
} {
  if (source === undefined) return {};
  const { system, id, part } = source;
  return { sourceSystem: system, sourceId: id, ...(part === undefined ? {} : { sourcePart: part }) };
}

/** How far ahead of the ledger's clock an `occurredAt` may lie: clocks and time zones of sources are wrong by hours. */
export const MAX_FUTURE_MS = 24 * 60 * 60 * 1000;

export function refuseFuture(occurredAt: Instant | undefined, now: Instant): Refused | undefined {
  if (occurredAt === undefined || Date.parse(occurredAt) <= Date.parse(now) + MAX_FUTURE_MS) return undefined;
  return refuse('occurred-in-future', 'occurredAt lies more than 24 hours ahead.');
}

/** Members of `fields` that are there: optional keys of the record are left out, never undefined. */
export function present<T extends object>(fields: T): T {
  // Written member by member: an object that had some deleted is slow ever after.
  const kept: T = Object.create(Object.prototype);
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name];
  return kept;
}

export type Attributes = JsonObject;
