import { isJsonObject } from '#libs/core';
import { attributes, code, instant, integer, oneOf, text, uuid } from './codec';
import type { Codec } from './codec';
import { provenance } from './customer';
import { clear, clearSchemaOf, defineEvent, optional, sealed } from './define-event';
import type { EventOf } from './define-event';

export const CHANNELS = [
  'email',
  'sms',
  'voice',
  'chat',
  'social',
  'meeting',
  'web',
  'in-person',
  'post',
  'push',
  'other',
] as const;
export type Channel = (typeof CHANNELS)[number];
export const DIRECTIONS = ['inbound', 'outbound'] as const;
export type Direction = (typeof DIRECTIONS)[number];
export const TOUCHPOINT_KINDS = ['message', 'call', 'visit', 'bot-turn', 'note'] as const;
export type TouchpointKind = (typeof TOUCHPOINT_KINDS)[number];

/** Seconds; a year, so that a wrong unit is found at the door. */
export const MAX_DURATION_SECONDS = 31_622_400;

/** The clear fields of a touchpoint as they stand. In a correction `occurredAt` is always there: the effective one. */
export type TouchpointFacts = {
  readonly channel: Channel;
  readonly direction: Direction;
  readonly kind: TouchpointKind;
  readonly occurredAt?: string;
  readonly agent?: string;
  readonly department?: string;
  readonly durationSeconds?: number;
  readonly outcome?: string;
  readonly campaignId?: string;
  readonly interactionId?: string;
};

const clearFields = {
  channel: clear(oneOf(CHANNELS)),
  direction: clear(oneOf(DIRECTIONS)),
  kind: clear(oneOf(TOUCHPOINT_KINDS)),
  occurredAt: optional(clear(instant)),
  agent: optional(clear(code)),
  department: optional(clear(code)),
  durationSeconds: optional(clear(integer(0, MAX_DURATION_SECONDS))),
  outcome: optional(clear(code)),
  campaignId: optional(clear(code)),
  interactionId: optional(clear(code)),
};

const sealedFields = {
  subject: optional(sealed('by-purpose', text())),
  content: optional(sealed('by-purpose', text())),
  outcomeText: optional(sealed('by-purpose', text())),
  threadId: optional(sealed('by-purpose', text(1024))),
  attributes: optional(sealed('by-purpose', attributes)),
};

export const SEALED_TOUCHPOINT_FIELDS = Object.keys(sealedFields);

const factsParser = defineEvent('touchpoint-facts', clearFields);
const facts: Codec<TouchpointFacts> = {
  is: (value): value is TouchpointFacts => {
    if (!isJsonObject(value)) return false;
    try {
      factsParser.parse(value);
      return true;
    } catch {
      return false;
    }
  },
  schema: clearSchemaOf(clearFields),
};

export const touchpointRecorded = defineEvent('touchpoint-recorded.v1', {
  ...clearFields,
  ...sealedFields,
  ...provenance,
});

export const touchpointStatusReported = defineEvent(
  'touchpoint-status-reported.v1',
  {
    touchpointId: clear(uuid),
    status: clear(code),
    code: optional(clear(code)),
    occurredAt: optional(clear(instant)),
    detail: optional(sealed('by-purpose', text())),
  },
  { field: 'touchpointId', role: 'mention' },
);

/** Carries both states of the clear fields, so that a counter can subtract without looking back. */
export const touchpointCorrected = defineEvent(
  'touchpoint-corrected.v1',
  {
    touchpointId: clear(uuid),
    was: clear(facts),
    now: clear(facts),
    ...sealedFields,
    reason: sealed('by-purpose', text()),
  },
  { field: 'touchpointId', role: 'state' },
);

export const touchpointAnnotated = defineEvent(
  'touchpoint-annotated.v1',
  { touchpointId: clear(uuid), text: sealed('by-purpose', text()) },
  { field: 'touchpointId', role: 'mention' },
);

/** `was`: the clear fields of its target as they stood. */
export const touchpointRedacted = defineEvent(
  'touchpoint-redacted.v1',
  { touchpointId: clear(uuid), was: clear(facts), reason: sealed('by-purpose', text()) },
  { field: 'touchpointId', role: 'redaction' },
);

export type TouchpointEvent =
  | EventOf<typeof touchpointRecorded>
  | EventOf<typeof touchpointStatusReported>
  | EventOf<typeof touchpointCorrected>
  | EventOf<typeof touchpointAnnotated>
  | EventOf<typeof touchpointRedacted>;
