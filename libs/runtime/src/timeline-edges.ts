import type { Instant, Recorded } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import type { Restated } from './as-of-reading';

/** A touchpoint as it stands while a stream is folded. */
interface Standing {
  readonly at: Instant;
  readonly contact: boolean;
}

export interface Edges {
  /** Of any entry: touchpoint, purchase, refund, survey answer, feedback. */
  readonly first: Instant | undefined;
  /** Of touchpoints that are not redacted. */
  readonly lastContact: Instant | undefined;
}

const NONE: Edges = { first: undefined, lastContact: undefined };

/**
 * When the first and the last entry of a customer's timeline happened, as the timeline says itself by an index, without
 * keeping the timeline: only touchpoints that are restated somewhere are remembered one by one.
 */
export class TimelineEdges {
  /** Of what nothing is said about later. */
  #settled: Edges = NONE;
  readonly #standing = new Map<string, Standing>();
  /** Of what stands; `undefined` where it must be looked for. */
  #ofStanding: Edges | undefined = NONE;

  /** `restated`: of all that is folded, or of more. Touchpoints whose time it has are at that time from the start. */
  constructor(private readonly restated: Restated) {}

  get edges(): Edges {
    this.#ofStanding ??= [...this.#standing.values()].reduce(widened, NONE);
    return joined(this.#settled, this.#ofStanding);
  }

  take({ event, id, occurredAt }: Recorded<SeenEvent>): void {
    switch (event.type) {
      case 'touchpoint-recorded.v1': {
        const { ids, occurredAt: known } = this.restated;
        if (ids.has(id)) this.#stand(id, { at: known.get(id) ?? occurredAt, contact: true });
        else this.#settled = widened(this.#settled, { at: occurredAt, contact: true });
        return;
      }
      case 'purchase-recorded.v1':
      case 'purchase-refunded.v1':
      case 'survey-answered.v1':
      case 'feedback-received.v1':
        this.#settled = widened(this.#settled, { at: occurredAt, contact: false });
        return;
      case 'touchpoint-corrected.v1': {
        const { touchpointId, now } = event.data;
        const before = this.#standing.get(touchpointId);
        const at = this.restated.occurredAt.get(touchpointId) ?? now.occurredAt;
        if (before !== undefined && at !== undefined) this.#stand(touchpointId, { ...before, at });
        return;
      }
      case 'touchpoint-redacted.v1': {
        const { touchpointId } = event.data;
        const before = this.#standing.get(touchpointId);
        if (before !== undefined) this.#stand(touchpointId, { ...before, contact: false });
        return;
      }
      default:
    }
  }

  #stand(id: string, standing: Standing): void {
    const before = this.#standing.get(id);
    this.#standing.set(id, standing);
    const known = this.#ofStanding;
    // Only where an edge itself moves must all be looked through.
    const moved = before !== undefined && (before.at === known?.first || before.at === known?.lastContact);
    this.#ofStanding = known === undefined || moved ? undefined : widened(known, standing);
  }
}

function widened({ first, lastContact }: Edges, { at, contact }: Standing): Edges {
  return {
    first: first === undefined || at < first ? at : first,
    lastContact: contact && (lastContact === undefined || at > lastContact) ? at : lastContact,
  };
}

function joined(a: Edges, b: Edges): Edges {
  const first = b.first === undefined ? a : widened(a, { at: b.first, contact: false });
  return b.lastContact === undefined ? first : widened(first, { at: b.lastContact, contact: true });
}
