import { customerStream, refuse } from '#libs/core';
import type { EventLog, Instant, Json, JsonObject, Projection, Refused } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { Causes, differences, NAMED_CAUSES, pointerOf } from './answer-changes';
import type { Path } from './answer-changes';
import {
  byOccurrence,
  inOrder,
  inOrderOf,
  recordedAt,
  RecordOpener,
  restatedUpTo,
  revisionAt,
} from './as-of-reading';
import { CustomerFold } from './customer-fold';
import type { CustomerState } from './customer-fold';
import type { Keyring } from './keyring';
import type { Models } from './models';
import { dropUndefined } from './profile-answer';
import type { ProjectionSet } from './projection-set';
import type { StreamHeads } from './stream-head';
import { breathe } from './waiting';

export interface AsOfPorts {
  readonly log: EventLog;
  readonly keyring: Keyring;
  readonly heads: StreamHeads;
  readonly models: Models;
  readonly projections: ProjectionSet;
}

/** A revision of the customer's stream, or an instant. */
export type Moment = number | Instant;

/** `recorded`: what was known then. `occurred`: what had happened by then, by all that is known now. */
export type TimeAxis = 'recorded' | 'occurred';

export interface AsOfQuestion {
  readonly at: Moment;
  readonly axis: TimeAxis;
  /** Id of a fitted model; without it the one that was active at that moment. */
  readonly model?: string | undefined;
}

// Type aliases, not interfaces: only these count as JSON objects to the compiler.
export type AsOfState = CustomerState & {
  readonly customerId: string;
  readonly at: Moment;
  /** The last revision that was known: of `recorded` the one at that moment, of `occurred` the stream's last. */
  readonly revision: number;
  readonly model: string | null;
};

export type AsOfChange = {
  /** JSON Pointer into the answer of `state`. */
  readonly pointer: string;
  /** Missing where the member was not there, or is there no more. */
  readonly was?: Json;
  readonly now?: Json;
  /** Ids of the events that changed it, in order: the latest `NAMED_CAUSES`. */
  readonly because: readonly string[];
  /** How many there are, where not all are named. */
  readonly becauseCount?: number;
};

export type AsOfDiff = {
  readonly from: Moment;
  readonly to: Moment;
  /** −1 where the customer was not known yet. */
  readonly fromRevision: number;
  readonly toRevision: number;
  readonly changes: readonly AsOfChange[];
};

/** A moment found in a stream. */
interface Found {
  readonly revision: number;
  /** When it was; of a revision, when that was recorded. */
  readonly instant: Instant;
}

/** Of how many events all touchpoints may be held in memory: about 200 bytes each. */
const REMEMBERED_EVENTS = 5_000;

/** Comparing takes much longer than folding: how many events are compared before others have a turn. */
const COMPARED_AT_ONCE = 32;

/** Before a customer was known. */
const NOBODY: JsonObject = { profile: {}, loyalty: {}, segments: [] };

/**
 * A customer as of a moment, and what changed between two, folded from the log by today's projections. Redactions are
 * applied before anything is unsealed, at any moment. Memory does not grow with the stream, but for eight bytes an event
 * on the axis `occurred`, and for the touchpoints that were corrected or redacted.
 */
export class AsOf {
  /** `rememberedEvents`: longer streams are read twice on the axis `recorded`, shorter ones are remembered instead. */
  constructor(
    private readonly ports: AsOfPorts,
    private readonly rememberedEvents = REMEMBERED_EVENTS,
  ) {}

  /** Refused: `customer-not-found`, `model-not-found`, `invalid-query` (a revision on the axis `occurred`). */
  async state(customerId: string, { at, axis, model }: AsOfQuestion): Promise<AsOfState | Refused> {
    const { log, heads } = this.ports;
    const stream = customerStream(customerId);
    const head = await heads.refresh(stream);
    if (typeof at === 'number' && axis === 'occurred') {
      return refuse(
        'invalid-query',
        'On the axis occurred, at must be an instant: revisions are in order of recording.',
      );
    }
    const found = await this.#find(stream, head.revision, at);
    const modelId = model ?? (await this.ports.models.active(found.instant));
    const projections = await this.#projections(modelId);
    if (projections === undefined) return refuse('model-not-found', 'There is no such model.');
    const opener = new RecordOpener(this.ports.keyring, customerId, head.state.touchpoint.redacted);
    let fold: CustomerFold;
    let pages;
    if (axis === 'occurred') {
      const { revisions, restated } = await byOccurrence(log, stream, head.revision, found.instant);
      fold = new CustomerFold(customerId, projections, restated);
      pages = inOrderOf(log, stream, revisions);
    } else {
      const restated = await restatedUpTo(log, stream, found.revision, this.rememberedEvents);
      fold = new CustomerFold(customerId, projections, restated);
      pages = inOrder(log, stream, found.revision);
    }
    for await (const page of opener.open(pages)) for (const recorded of page) fold.take(recorded);
    if (fold.taken === 0) return refuse('customer-not-found', 'The customer was not known at that moment.');
    const revision = axis === 'occurred' ? head.revision : found.revision;
    return { customerId, at, revision, model: modelId ?? null, ...fold.state() };
  }

  /** On the axis `recorded`. Refused: `customer-not-found`, `invalid-query` where the moments are of two kinds or in no order. */
  async diff(
    customerId: string,
    { from, to }: { readonly from: Moment; readonly to: Moment },
  ): Promise<AsOfDiff | Refused> {
    const { models, heads } = this.ports;
    if (typeof from !== typeof to || from > to) {
      return refuse(
        'invalid-query',
        'from and to must both be revisions or both be instants, from not after to.',
      );
    }
    const stream = customerStream(customerId);
    const head = await heads.refresh(stream);
    const [start, end] = [
      await this.#find(stream, head.revision, from),
      await this.#find(stream, head.revision, to),
    ];
    if (end.revision < 0) return refuse('customer-not-found', 'The customer was not known at that moment.');
    const [earlier, later] = [await models.active(start.instant), await models.active(end.instant)];
    const opener = new RecordOpener(this.ports.keyring, customerId, head.state.touchpoint.redacted);
    const walk = { customerId, opener, from: start.revision, to: end.revision };
    const { was, now, causes } = await this.#walk(walk, earlier, later);
    const changes = differences(
      { model: earlier ?? null, ...was },
      { model: later ?? null, ...now },
      isEvidence,
    ).map(({ path, ...values }) => changeOf(path, values, causes));
    return { from, to, fromRevision: start.revision, toRevision: end.revision, changes };
  }

  /** Folds from one revision to another. Where another model was active at the end, both see all that was before. */
  async #walk(
    { customerId, opener, from, to }: Walk,
    earlier: string | undefined,
    later: string | undefined,
  ): Promise<{ was: JsonObject; now: JsonObject; causes: Causes }> {
    const { log } = this.ports;
    const stream = customerStream(customerId);
    const restated = await restatedUpTo(log, stream, to, this.rememberedEvents);
    const foldWith = async (model: string | undefined): Promise<CustomerFold> =>
      new CustomerFold(customerId, (await this.#projections(model)) ?? [], restated);
    const fold = await foldWith(later);
    const before = earlier === later ? fold : await foldWith(earlier);
    const causes = new Causes();
    let was = NOBODY;
    let now = NOBODY;
    for await (const page of opener.open(inOrder(log, stream, to))) {
      for (const recorded of page) {
        fold.take(recorded);
        if (recorded.revision < from) {
          if (before !== fold) before.take(recorded);
          continue;
        }
        const next = fold.state();
        if (recorded.revision === from) {
          if (before !== fold) before.take(recorded);
          was = before.state();
        } else {
          const cause = { revision: recorded.revision, eventId: recorded.id };
          for (const { path } of differences(now, next, isEvidence)) causes.note(path, cause);
        }
        now = next;
        if (recorded.revision % COMPARED_AT_ONCE === 0) await breathe();
      }
    }
    return { was, now, causes };
  }

  /** A revision beyond the last one is the last one. */
  async #find(stream: string, head: number, at: Moment): Promise<Found> {
    const { log } = this.ports;
    if (typeof at === 'string') return { revision: await revisionAt(log, stream, head, at), instant: at };
    const revision = Math.min(at, head);
    return { revision, instant: revision < 0 ? '' : await recordedAt(log, stream, revision) };
  }

  async #projections(modelId: string | undefined): Promise<readonly Projection<SeenEvent>[] | undefined> {
    const { models, projections } = this.ports;
    if (modelId === undefined) return projections.plain;
    return (await models.find(modelId)) === undefined ? undefined : projections.with(modelId);
  }
}

interface Walk {
  readonly customerId: string;
  readonly opener: RecordOpener;
  readonly from: number;
  readonly to: number;
}

/** The events that a component names are evidence for its number, not part of what the customer is. */
function isEvidence(path: Path): boolean {
  return path.length === 4 && path[0] === 'loyalty' && path[1] === 'components' && path[3] === 'from';
}

function changeOf(
  path: Path,
  values: { readonly was: Json | undefined; readonly now: Json | undefined },
  causes: Causes,
): AsOfChange {
  const { latest, count } = causes.of(path);
  return {
    pointer: pointerOf(path),
    ...dropUndefined(values),
    because: latest.map(({ eventId }) => eventId),
    ...(count > NAMED_CAUSES ? { becauseCount: count } : {}),
  };
}
