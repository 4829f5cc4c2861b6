import { refuse } from '#libs/core';
import type { Decider, Decision, Instant } from '#libs/core';
import type {
  Channel,
  Direction,
  LedgerEvent,
  Purpose,
  SeenEvent,
  TouchpointEvent,
  TouchpointFacts,
  TouchpointKind,
} from '#libs/events';
import { present, refuseFuture } from './command';
import type { Attributes, CustomerReference, Source } from './command';

interface TouchpointFields {
  readonly subject?: string;
  readonly content?: string;
  readonly agent?: string;
  readonly department?: string;
  readonly durationSeconds?: number;
  readonly outcome?: string;
  readonly outcomeText?: string;
  readonly threadId?: string;
  readonly campaignId?: string;
  readonly interactionId?: string;
  readonly attributes?: Attributes;
  readonly occurredAt?: Instant;
  readonly kind?: TouchpointKind;
}

export interface RecordTouchpoint extends TouchpointFields {
  readonly customer: CustomerReference;
  readonly channel: Channel;
  readonly direction: Direction;
  readonly purpose?: Purpose;
  readonly source?: Source;
}

export interface ReportStatus {
  readonly eventId: string;
  readonly status: string;
  readonly occurredAt?: Instant;
  readonly code?: string;
  readonly detail?: string;
}

export interface CorrectedFields extends TouchpointFields {
  readonly channel?: Channel;
  readonly direction?: Direction;
}

export interface CorrectTouchpoint {
  readonly eventId: string;
  readonly fields: CorrectedFields;
  readonly reason: string;
}

export interface RedactTouchpoint {
  readonly eventId: string;
  readonly reason: string;
}

export interface AnnotateTouchpoint {
  readonly eventId: string;
  readonly text: string;
}

export type TouchpointCommand =
  | { readonly name: 'touchpoint'; readonly body: RecordTouchpoint }
  | { readonly name: 'touchpoint-status'; readonly body: ReportStatus }
  | { readonly name: 'touchpoint-correction'; readonly body: CorrectTouchpoint }
  | { readonly name: 'touchpoint-redaction'; readonly body: RedactTouchpoint }
  | { readonly name: 'touchpoint-annotation'; readonly body: AnnotateTouchpoint };

/** The touchpoint that a command names, after earlier corrections. */
export interface Target {
  readonly touchpointId: string;
  /** `occurredAt` is the effective one: the event's own, or when it was recorded. */
  readonly facts: TouchpointFacts & { readonly occurredAt: Instant };
}

export interface TouchpointState {
  /** Ids of the stream's redacted touchpoints. Few; every read path applies them before it unseals anything. */
  readonly redacted: readonly string[];
}

export interface TouchpointInput {
  readonly command: TouchpointCommand;
  readonly now: Instant;
  /** The touchpoint that the command is about; missing for a new one. */
  readonly target?: Target;
}

export const touchpoint: Decider<TouchpointInput, LedgerEvent, TouchpointState, SeenEvent> = {
  initialState: { redacted: [] },
  decide(input, state): Decision<TouchpointEvent> {
    const { command, now, target } = input;
    if (command.name === 'touchpoint') return record(command.body, now);
    if (target === undefined) return refuse('touchpoint-not-found', 'There is no such touchpoint.');
    const redacted = state.redacted.includes(target.touchpointId);
    if (redacted && command.name !== 'touchpoint-status') {
      return refuse('touchpoint-redacted', 'The touchpoint is redacted; nothing more is said about it.');
    }
    const { touchpointId, facts } = target;
    switch (command.name) {
      case 'touchpoint-status': {
        const { status, occurredAt, code, detail } = command.body;
        const data = present({ touchpointId, status, occurredAt, code, detail });
        return refuseFuture(occurredAt, now) ?? [{ type: 'touchpoint-status-reported.v1', data }];
      }
      case 'touchpoint-correction':
        return correct(command.body, target, now);
      case 'touchpoint-redaction': {
        const { reason } = command.body;
        return [{ type: 'touchpoint-redacted.v1', data: { touchpointId, was: facts, reason } }];
      }
      case 'touchpoint-annotation':
        return [{ type: 'touchpoint-annotated.v1', data: { touchpointId, text: command.body.text } }];
    }
  },
  evolve: (state, event) =>
    event.type === 'touchpoint-redacted.v1'
      ? { redacted: [...state.redacted, event.data.touchpointId] }
      : state,
};

function record(body: RecordTouchpoint, now: Instant): Decision<TouchpointEvent> {
  const { channel, direction, kind = 'message', occurredAt, subject, content, attributes, source } = body;
  const { agent, department, durationSeconds, outcome, outcomeText } = body;
  const { threadId, campaignId, interactionId } = body;
  // Named one by one: most of what the ledger takes in comes through here, and spreads are slow.
  const data = present({
    channel,
    direction,
    kind,
    occurredAt,
    subject,
    content,
    agent,
    department,
    durationSeconds,
    outcome,
    outcomeText,
    threadId,
    campaignId,
    interactionId,
    attributes,
    sourceSystem: source?.system,
    sourceId: source?.id,
    sourcePart: source?.part,
  });
  return refuseFuture(occurredAt, now) ?? [{ type: 'touchpoint-recorded.v1', data }];
}

function correct(body: CorrectTouchpoint, target: Target, now: Instant): Decision<TouchpointEvent> {
  const { subject, content, outcomeText, threadId, attributes, ...clearFields } = present(body.fields);
  if (Object.keys(present(body.fields)).length === 0) {
    return refuse('nothing-to-change', 'No field to correct is given.');
  }
  const refused = refuseFuture(clearFields.occurredAt, now);
  if (refused !== undefined) return refused;
  const data = present({
    touchpointId: target.touchpointId,
    was: target.facts,
    now: { ...target.facts, ...clearFields },
    subject,
    content,
    outcomeText,
    threadId,
    attributes,
    reason: body.reason,
  });
  return [{ type: 'touchpoint-corrected.v1', data }];
}

/** A touchpoint's facts from its own event and the latest correction of it, both as read from its stream. */
export function targetOf(
  touchpointId: string,
  recordedAt: Instant,
  event: SeenEvent,
  correction: SeenEvent | undefined,
): Target | undefined {
  if (event.type !== 'touchpoint-recorded.v1') return undefined;
  const {
    channel,
    direction,
    kind,
    occurredAt = recordedAt,
    agent,
    department,
    durationSeconds,
  } = event.data;
  const { outcome, campaignId, interactionId } = event.data;
  const clearFields = { channel, direction, kind, occurredAt, agent, department, durationSeconds };
  const first = present({ ...clearFields, outcome, campaignId, interactionId });
  const corrected = correction?.type === 'touchpoint-corrected.v1' ? correction.data.now : {};
  return {
    touchpointId,
    facts: { ...first, ...corrected, occurredAt: occurredAtOf(corrected) ?? occurredAt },
  };
}

function occurredAtOf(facts: { readonly occurredAt?: Instant }): Instant | undefined {
  return facts.occurredAt;
}
