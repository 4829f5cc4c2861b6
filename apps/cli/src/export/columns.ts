import { CHANNELS, DIRECTIONS } from '#libs/events';

/** Columns of CSV: fixed for each kind, whatever the rows have. New ones are added at the end only. */
const PROFILES = [
  'customerId',
  'name',
  'identifiers',
  'attributes',
  'firstSeenAt',
  'lastContactAt',
  ...CHANNELS.map((channel) => `counts.byChannel.${channel}`),
  ...DIRECTIONS.map((direction) => `counts.byDirection.${direction}`),
  'purchases.count',
  ...sum('purchases.total'),
  ...sum('purchases.refunded'),
  'loyalty.score',
  'loyalty.tier',
  'segments',
  'completeness.complete',
  'completeness.parkedSince',
  'completeness.reason',
];

const TIMELINE = [
  'customerId',
  'eventId',
  'revision',
  'kind',
  'type',
  'channel',
  'direction',
  'occurredAt',
  'recordedAt',
  'subject',
  'content',
  'agent',
  'department',
  'durationSeconds',
  'outcome',
  'outcomeText',
  'threadId',
  'campaignId',
  'interactionId',
  'attributes',
  'status',
  'statusCode',
  'statusAt',
  'corrections',
  'earlierCorrections',
  'annotations',
  'earlierAnnotations',
  'redacted',
  'redaction.eventId',
  'redaction.recordedAt',
  'redaction.reason',
  'orderId',
  ...money('total'),
  'items',
  ...money('amount'),
  'reason',
  'instrument',
  'score',
  'comment',
  'touchpointId',
  'feedbackType',
  'rating',
  'sourceSystem',
  'sourceId',
  'sourcePart',
];

const PURCHASES = [
  'customerId',
  'orderId',
  'occurredAt',
  ...sum('total'),
  ...sum('refunded'),
  'items',
  'unmatched',
];

const COMPONENTS = [
  'serviceQuality',
  'needsMet',
  'feedbackHandling',
  'satisfaction',
  'purchaseFrequency',
  'inclination',
];

const LOYALTY = [
  'customerId',
  'score',
  'tier',
  'model.name',
  'model.version',
  ...COMPONENTS.flatMap((name) => members(`components.${name}`, ['value', 'filled', 'from', 'fromCount'])),
];

const PERIOD = ['from', 'to', 'day', 'week', 'month'];

const SATISFACTION = [
  ...PERIOD,
  ...members('csat', ['score', 'answers', ...scores('distribution', 5)]),
  ...members('nps', ['score', 'promoters', 'passives', 'detractors', 'answers']),
  ...members('ces', ['score', 'answers', ...scores('distribution', 7)]),
  ...members('cci', ['score', 'answers']),
];

export const COLUMNS = {
  profiles: PROFILES,
  timeline: TIMELINE,
  purchases: PURCHASES,
  loyalty: LOYALTY,
  segments: ['segmentId', 'name', 'model.kind', 'model.version', 'size'],
  members: ['segmentId', 'customerId', 'since', 'reason'],
  contacts: [...PERIOD, 'channel', 'direction', 'kind', 'count'],
  satisfaction: SATISFACTION,
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ExportName = keyof typeof COLUMNS;

function members(name: string, of: readonly string[]): readonly string[] {
  return of.map((member) => `${name}.${member}`);
}

function money(name: string): readonly string[] {
  return members(name, ['amount', 'currency']);
}

/** Of several currencies the others are a list. */
function sum(name: string): readonly string[] {
  return [...money(name), `${name}.others`];
}

function scores(name: string, highest: number): readonly string[] {
  return Array.from({ length: highest }, (_, index) => `${name}.${index + 1}`);
}
