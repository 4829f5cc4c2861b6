import { isCode, isJsonObject } from '#libs/core';
import { code, currency, decimal, instant, integer, oneOf, uuid } from './codec';
import type { Codec } from './codec';
import { clear, defineEvent } from './define-event';
import type { EventOf } from './define-event';

/** The one stream of these events: which model is active is decided for everybody at once. */
export const RFM_STREAM = 'segment-rfm';

/** Between quintiles. */
const EDGES = 4;
const CELL = /^[1-5]{3}$/;
const CELLS = 125;

type ModelEdges = {
  readonly recency: readonly number[];
  readonly frequency: readonly number[];
  readonly monetary: readonly string[];
};

function edgesOf<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    is: (value): value is readonly T[] =>
      Array.isArray(value) && value.length === EDGES && value.every(item.is),
    schema: { type: 'array', items: item.schema, minItems: EDGES, maxItems: EDGES },
  };
}

const counts = edgesOf(integer(0, Number.MAX_SAFE_INTEGER));
const amounts = edgesOf(decimal);

const edges: Codec<ModelEdges> = {
  is: (value): value is ModelEdges =>
    isJsonObject(value) &&
    Object.keys(value).length === 3 &&
    counts.is(value['recency']) &&
    counts.is(value['frequency']) &&
    amounts.is(value['monetary']),
  schema: {
    type: 'object',
    required: ['recency', 'frequency', 'monetary'],
    additionalProperties: false,
    properties: { recency: counts.schema, frequency: counts.schema, monetary: amounts.schema },
  },
};

/** A segment's code for each of the cells from 111 to 555. */
const table: Codec<Readonly<Record<string, string>>> = {
  is: (value): value is Readonly<Record<string, string>> =>
    isJsonObject(value) &&
    Object.keys(value).length === CELLS &&
    Object.entries(value).every(([cell, segment]) => CELL.test(cell) && isCode(segment)),
  schema: {
    type: 'object',
    propertyNames: { pattern: CELL.source },
    minProperties: CELLS,
    additionalProperties: code.schema,
  },
};

/**
 * A model with all of its parameters frozen, so that any score can be computed again from the record alone. `through`:
 * position that the fit has read up to; `population`: how many customers it has read.
 */
export const segmentModelFitted = defineEvent('segment-model-fitted.v1', {
  modelId: clear(uuid),
  kind: clear(oneOf(['rfm'])),
  asOf: clear(instant),
  currency: clear(currency),
  edges: clear(edges),
  table: clear(table),
  through: clear(integer(0, Number.MAX_SAFE_INTEGER)),
  population: clear(integer(1, Number.MAX_SAFE_INTEGER)),
});

/** Appended when the projections that were built with the model have caught up and are switched to. */
export const segmentActivated = defineEvent('segment-activated.v1', { modelId: clear(uuid) });

export type SegmentEvent = EventOf<typeof segmentModelFitted> | EventOf<typeof segmentActivated>;
