import { isJsonObject } from '#libs/core';
import type { Document, Json, JsonObject, Parking } from '#libs/core';
import { loyaltyAnswer, segmentsAnswer } from '#libs/projections';

/** A customer's own documents of these projections, as far as there are any. */
export interface ProfileDocuments {
  readonly profile: Document | undefined;
  readonly loyalty: Document | undefined;
  readonly segments: Document | undefined;
}

export interface ProfileEdges {
  readonly firstSeenAt: Json;
  readonly lastContactAt: Json;
}

/** The profile as API §3 shapes it. */
export function profileAnswer(
  customerId: string,
  documents: ProfileDocuments,
  { firstSeenAt, lastContactAt }: ProfileEdges,
  parked: Parking | undefined,
): JsonObject {
  const { profile = {} } = documents;
  const { name, identifiers = [], attributes = {}, byChannel = {}, byDirection = {} } = profile;
  const { score, tier } = loyaltyAnswer(documents.loyalty);
  return {
    customerId,
    name: name ?? null,
    identifiers,
    attributes,
    firstSeenAt,
    lastContactAt,
    counts: { byChannel, byDirection },
    purchases: dropUndefined({
      count: profile['purchaseCount'] ?? 0,
      total: moneyOf(profile['bought']) ?? null,
      refunded: moneyOf(profile['refunded']),
    }),
    loyalty: { score, tier },
    segments: segmentsAnswer(documents.segments),
    completeness:
      parked === undefined
        ? { complete: true }
        : { complete: false, parkedSince: parked.since, reason: parked.reason },
  };
}

/** The earliest of these instants; null where there is none. */
export function earliest(instants: readonly (Json | undefined)[]): string | null {
  return instants.filter((at) => typeof at === 'string').toSorted()[0] ?? null;
}

export function dropUndefined<T>(fields: Readonly<Record<string, T | undefined>>): Record<string, T> {
  const kept: Record<string, T> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value;
  return kept;
}

/** Sums by currency as money: the currency first in the alphabet, the others beside it. */
function moneyOf(sums: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(sums)) return undefined;
  const all = Object.entries(sums)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, amount]) => ({ amount: amount ?? '0', currency }));
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  return others.length === 0 ? first : { ...first, others };
}
