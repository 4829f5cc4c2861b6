import { isJsonObject } from '#libs/core';
import type { Change, Document, Json, JsonObject, Projection, Recorded } from '#libs/core';
import type { Money, SeenEvent } from '#libs/events';
import { cellOf, millionthsOf, recencyDays, rfmScores } from '#libs/insight';
import type { RfmModel } from '#libs/insight';
import { addDecimals } from './decimal';
import { documentOf, numberOf } from './fields';

/**
 * Customer → what they are scored by, and with a model their segment: who is in it, since when and why. One document a
 * customer who ever bought or was paid back, key = customerId. Another model is another version.
 *
 * `since` is when the event happened that moved the customer into the segment, `because` that event's id; `scores`,
 * `cell` and `reason` are as they stand now, also where they changed within the segment. Without a purchase, and
 * without a model, there is no segment. A purchase or refund whose amount can't be read any more counts for nothing.
 */
export function segments(model: RfmModel | undefined): Projection<SeenEvent> {
  return {
    name: 'segments',
    version: 1,
    ...(model === undefined ? {} : { model: model.modelId }),
    indexes: [{ name: 'by-segment', fields: ['segment', 'since', 'customerId'] }],
    keysOf: (recorded) => (movesSegments(recorded) ? [recorded.customerId] : []),
    fold(document, recorded) {
      const inputs = withTrade(document, recorded);
      if (model === undefined || inputs === undefined || inputs === document) return inputs;
      return placed(inputs, recorded, model);
    },
  };
}

/** Whether an event changes what a customer is scored by. */
export function movesSegments({ event }: Recorded<SeenEvent>): boolean {
  return event.type === 'purchase-recorded.v1' || event.type === 'purchase-refunded.v1';
}

export interface SegmentMove {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Which segment the event took its customer out of and into; `undefined` where the customer stayed. */
export function segmentMove(changes: Readonly<Record<string, Change>>): SegmentMove | undefined {
  const from = segmentOf(changes['segments']?.before);
  const to = segmentOf(changes['segments']?.after);
  return from === to ? undefined : { from, to };
}

/** The segment that a document of `segments` says. */
export function segmentOf(document: Document | undefined): string | undefined {
  return textOf(document?.['segment']);
}

/** A customer's segments as the API answers them. */
export function segmentsAnswer(document: Document | undefined): readonly JsonObject[] {
  const segmentId = segmentOf(document);
  if (document === undefined || segmentId === undefined) return [];
  const { since, reason, scores, because } = document;
  return [{ segmentId, since, reason, scores, because }];
}

function withTrade(
  document: Document | undefined,
  { event, customerId, occurredAt }: Recorded<SeenEvent>,
): Document | undefined {
  const before: Document = document ?? { customerId, purchases: 0 };
  if (event.type === 'purchase-recorded.v1') {
    const { total } = event.data;
    if (total === undefined) return document;
    const last = textOf(before['lastPurchaseAt']) ?? '';
    return {
      ...before,
      purchases: numberOf(before['purchases']) + 1,
      lastPurchaseAt: occurredAt > last ? occurredAt : last,
      sums: plus(before['sums'], total),
    };
  }
  if (event.type !== 'purchase-refunded.v1' || event.data.amount === undefined) return document;
  const { amount, currency } = event.data.amount;
  return { ...before, sums: plus(before['sums'], { amount: negated(amount), currency }) };
}

function placed(inputs: Document, { id, occurredAt }: Recorded<SeenEvent>, model: RfmModel): Document {
  const last = textOf(inputs['lastPurchaseAt']);
  if (last === undefined) return inputs;
  const { r, f, m } = rfmScores(model.edges, {
    recencyDays: recencyDays(model.asOf, last),
    purchases: numberOf(inputs['purchases']),
    monetary: millionthsOf(textOf(sumsOf(inputs['sums'])[model.currency]) ?? '0'),
  });
  const cell = cellOf({ r, f, m });
  const segment = model.table[cell];
  const stayed = segment === segmentOf(inputs);
  return documentOf({
    ...inputs,
    scores: { r, f, m },
    cell,
    segment,
    reason: `r${r} f${f} m${m}: ${segment ?? 'none'}`,
    since: stayed ? inputs['since'] : occurredAt,
    because: stayed ? inputs['because'] : id,
  });
}

/** Totals − refunds by currency. */
function plus(sums: Json | undefined, { amount, currency }: Money): Json {
  const before = sumsOf(sums);
  return { ...before, [currency]: addDecimals(textOf(before[currency]) ?? '0', amount) };
}

function sumsOf(sums: Json | undefined): JsonObject {
  return isJsonObject(sums) ? sums : {};
}

function negated(amount: string): string {
  return amount.startsWith('-') ? amount.slice(1) : `-${amount}`;
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
