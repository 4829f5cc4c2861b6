import { CHANNELS, DIRECTIONS, FEEDBACK_TYPES, INSTRUMENTS, PURPOSES, TOUCHPOINT_KINDS } from '#libs/events';

/** How a field is made from text, or which shape it has. `key`: a text that half of is another key. */
export type FieldKind =
  | 'text'
  | 'key'
  | 'code'
  | 'integer'
  | 'instant'
  | { readonly oneOf: readonly string[] }
  | 'customer'
  | 'identifiers'
  | 'source'
  | 'touchpoint'
  | 'money'
  | 'items'
  | 'attributes';

interface FieldDefinition {
  readonly kind: FieldKind;
  readonly required: boolean;
}

type CommandName =
  'touchpoint' | 'purchase' | 'refund' | 'survey-answer' | 'feedback' | 'customer' | 'touchpoint-status';

const must = (kind: FieldKind): FieldDefinition => ({ kind, required: true });
const may = (kind: FieldKind): FieldDefinition => ({ kind, required: false });

const channel: FieldKind = { oneOf: CHANNELS };
const occurrence = { occurredAt: may('instant') };
const provenance = { source: may('source') };

/** The commands of a bulk line and their fields, in the order in which they are written. */
const COMMANDS: Readonly<Record<CommandName, Readonly<Record<string, FieldDefinition>>>> = {
  touchpoint: {
    customer: must('customer'),
    channel: must(channel),
    direction: must({ oneOf: DIRECTIONS }),
    ...occurrence,
    kind: may({ oneOf: TOUCHPOINT_KINDS }),
    subject: may('text'),
    content: may('text'),
    agent: may('code'),
    department: may('code'),
    durationSeconds: may('integer'),
    outcome: may('code'),
    outcomeText: may('text'),
    threadId: may('key'),
    campaignId: may('code'),
    interactionId: may('code'),
    purpose: may({ oneOf: PURPOSES }),
    ...provenance,
    attributes: may('attributes'),
  },
  purchase: {
    customer: must('customer'),
    orderId: must('key'),
    total: must('money'),
    ...occurrence,
    items: may('items'),
    channel: may(channel),
    ...provenance,
  },
  refund: {
    customer: must('customer'),
    orderId: must('key'),
    amount: must('money'),
    ...occurrence,
    reason: may('text'),
    ...provenance,
  },
  'survey-answer': {
    customer: must('customer'),
    instrument: must({ oneOf: INSTRUMENTS }),
    score: must('integer'),
    ...occurrence,
    comment: may('text'),
    touchpointId: may('key'),
    ...provenance,
  },
  feedback: {
    customer: must('customer'),
    type: must({ oneOf: FEEDBACK_TYPES }),
    content: must('text'),
    ...occurrence,
    channel: may(channel),
    rating: may('integer'),
    ...provenance,
  },
  customer: {
    identifiers: must('identifiers'),
    name: may('text'),
    attributes: may('attributes'),
    ...provenance,
  },
  'touchpoint-status': {
    touchpoint: must('touchpoint'),
    status: must('code'),
    ...occurrence,
    code: may('code'),
    detail: may('text'),
    ...provenance,
  },
};

const FIELDS = new Map(
  Object.entries(COMMANDS).map(([name, fields]) => [name, new Map(Object.entries(fields))]),
);

export const COMMAND_NAMES: readonly string[] = [...FIELDS.keys()];

/** Undefined where there is no such command. */
export function fieldsOf(command: string): ReadonlyMap<string, FieldDefinition> | undefined {
  return FIELDS.get(command);
}

/** A purchase takes its order for a source; any other command without source is known by the request's key. */
export function needsRequestKey(command: string, hasSource: boolean): boolean {
  return !hasSource && command !== 'purchase';
}
