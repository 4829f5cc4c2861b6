import type { Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { documentOf } from './fields';
import { movesSegments, segmentMove } from './segments';

/**
 * Who came into and went out of which segment when: up to two documents an event that moved its customer, key =
 * eventId/in of the segment that was joined, eventId/out of the one that was left. `other` is the segment at the
 * other end of the move, null where there was none; `at` is when the event happened.
 */
export const segmentMoves: Projection<SeenEvent> = {
  name: 'segment-moves',
  version: 1,
  after: ['segments'],
  indexes: [{ name: 'by-segment', fields: ['segment', 'at', 'eventId'] }],
  // Whether anything moved is known only when it is folded.
  keysOf: (recorded) => (movesSegments(recorded) ? [`${recorded.id}/out`, `${recorded.id}/in`] : []),
  fold(document, { id, customerId, occurredAt }, key, changes) {
    const move = segmentMove(changes);
    if (move === undefined) return document;
    const joined = key.endsWith('/in');
    const [segment, other] = joined ? [move.to, move.from] : [move.from, move.to];
    if (segment === undefined) return document;
    return documentOf({
      segment,
      at: occurredAt,
      change: joined ? 'joined' : 'left',
      other: other ?? null,
      customerId,
      eventId: id,
    });
  },
};
