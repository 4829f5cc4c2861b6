import { isJsonObject } from '#libs/core';
import type { Document, Json, Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { movesSegments, segmentMove } from './segments';

/**
 * Bucket → how many of its customers are in each segment: one shared document a bucket, key = bucket/sizes, content
 * `{sizes: {champions: 12}}`. A segment that nobody is in is left out; a bucket where nobody ever was in one has none.
 */
export const segmentSizes: Projection<SeenEvent> = {
  name: 'segment-sizes',
  version: 1,
  shared: true,
  after: ['segments'],
  indexes: [],
  keysOf: (recorded) => (movesSegments(recorded) ? [`${recorded.bucket}/sizes`] : []),
  fold(document, _recorded, _key, changes) {
    const move = segmentMove(changes);
    return move === undefined ? document : counted(counted(document, move.from, -1), move.to, 1);
  },
};

function counted(document: Document | undefined, segment: string | undefined, by: 1 | -1): Document {
  const sizes: Record<string, Json | undefined> = isJsonObject(document?.['sizes'])
    ? { ...document['sizes'] }
    : {};
  if (segment !== undefined) {
    const size = Number(sizes[segment] ?? 0) + by;
    if (size === 0) Reflect.deleteProperty(sizes, segment);
    else sizes[segment] = size;
  }
  return { ...document, sizes };
}
