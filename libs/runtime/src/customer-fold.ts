import type { Change, Document, JsonObject, Parking, Projection, Recorded } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { loyaltyAnswer, segmentsAnswer } from '#libs/projections';
import type { Restated } from './as-of-reading';
import { parkingOf } from './parking';
import { earliest, profileAnswer } from './profile-answer';
import type { ProfileDocuments } from './profile-answer';
import { TimelineEdges } from './timeline-edges';

/** A customer as the API answers: profile, loyalty and segments in the shapes of their own routes. */
export type CustomerState = {
  readonly profile: JsonObject;
  readonly loyalty: JsonObject;
  readonly segments: readonly JsonObject[];
};

/** What is folded: of each the customer's one own document. */
const FOLDED = ['profile', 'loyalty', 'segments'] as const;

/**
 * Folds one customer's events, in whatever order they are given, into what is answered about them: by the very folds
 * that make the read models, into one document each, and none of it is kept.
 */
export class CustomerFold {
  readonly #projections: readonly Projection<SeenEvent>[];
  readonly #documents = new Map<string, Document>();
  #parked: Parking | undefined;
  readonly #edges: TimelineEdges;
  #taken = 0;

  /** `all`: each after those that it is folded after. */
  constructor(
    private readonly customerId: string,
    all: readonly Projection<SeenEvent>[],
    restated: Restated,
  ) {
    this.#projections = all.filter(({ name }) => FOLDED.some((folded) => folded === name));
    if (this.#projections.length !== FOLDED.length) throw new Error('a projection of customers is missing');
    this.#edges = new TimelineEdges(restated);
  }

  /** How many events were folded. */
  get taken(): number {
    return this.#taken;
  }

  /** What a fold throws at ends the folding, as it parks the customer: what follows it is not taken any more. */
  take(recorded: Recorded<SeenEvent>): void {
    if (this.#parked !== undefined) return;
    const folded: (readonly [name: string, document: Document | undefined])[] = [];
    try {
      this.#fold(recorded, folded);
    } catch (error) {
      this.#parked = parkingOf({ ...recorded, type: recorded.event.type }, 'folding it', error);
      return;
    }
    for (const [name, document] of folded) {
      if (document === undefined) this.#documents.delete(name);
      else this.#documents.set(name, document);
    }
    this.#taken++;
    this.#edges.take(recorded);
  }

  #fold(
    recorded: Recorded<SeenEvent>,
    folded: (readonly [name: string, document: Document | undefined])[],
  ): void {
    const changes: Record<string, Change> = {};
    for (const projection of this.#projections) {
      const { name } = projection;
      for (const key of projection.keysOf(recorded)) {
        if (key !== this.customerId) continue;
        const before = this.#documents.get(name);
        const after = projection.fold(before, recorded, key, changes);
        folded.push([name, after]);
        changes[name] = { before, after };
      }
    }
  }

  /** As of what was folded so far. */
  state(): CustomerState {
    const [profile, loyalty, segments] = FOLDED.map((name) => this.#documents.get(name));
    return this.#answer({ profile, loyalty, segments });
  }

  #answer(documents: ProfileDocuments): CustomerState {
    const { first, lastContact } = this.#edges.edges;
    const edges = {
      firstSeenAt: earliest([documents.profile?.['registeredAt'], first]),
      lastContactAt: lastContact ?? null,
    };
    return {
      profile: profileAnswer(this.customerId, documents, edges, this.#parked),
      loyalty: loyaltyAnswer(documents.loyalty),
      segments: segmentsAnswer(documents.segments),
    };
  }
}
