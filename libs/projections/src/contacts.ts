import type { Recorded } from '#libs/core';
import type { SeenEvent, TouchpointFacts } from '#libs/events';
import { countedByDay, moved } from './counted-by-day';
import type { Tally } from './counted-by-day';

/**
 * Contacts of all customers: touchpoints that are not redacted, by channel/direction/kind, on the day on which they
 * happened as corrected. One document a bucket and month.
 */
export const contacts = countedByDay('contacts', 1, (recorded) => {
  const { event } = recorded;
  switch (event.type) {
    case 'touchpoint-recorded.v1':
      return [tally(event.data, recorded, 1)];
    case 'touchpoint-corrected.v1':
      return moved(tally(event.data.was, recorded, -1), tally(event.data.now, recorded, 1));
    case 'touchpoint-redacted.v1':
      return [tally(event.data.was, recorded, -1)];
    default:
      return [];
  }
});

/** Corrections and redactions always say when their touchpoint happened; only its own event may leave it to its record. */
function tally(facts: TouchpointFacts, { occurredAt }: Recorded<SeenEvent>, by: 1 | -1): Tally {
  const { channel, direction, kind } = facts;
  return { name: `${channel}/${direction}/${kind}`, at: facts.occurredAt ?? occurredAt, by };
}
