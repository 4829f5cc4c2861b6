import { customerProfileChanged, customerRegistered, identifierLinked, identifierUnlinked } from './customer';
import type { CustomerEvent } from './customer';
import { EventFormatError } from './define-event';
import type { EventDefinition, Fields, SeenEventOf } from './define-event';
import { feedbackReceived } from './feedback';
import type { FeedbackEvent } from './feedback';
import { purchaseRecorded, purchaseRefunded } from './purchase';
import type { PurchaseEvent } from './purchase';
import { segmentActivated, segmentModelFitted } from './segment';
import type { SegmentEvent } from './segment';
import { surveyAnswered } from './survey';
import type { SurveyEvent } from './survey';
import {
  touchpointAnnotated,
  touchpointCorrected,
  touchpointRecorded,
  touchpointRedacted,
  touchpointStatusReported,
} from './touchpoint';
import type { TouchpointEvent } from './touchpoint';
import { upcastWith } from './upcast';
import type { Upcaster } from './upcast';

export type LedgerEvent =
  CustomerEvent | TouchpointEvent | PurchaseEvent | SurveyEvent | FeedbackEvent | SegmentEvent;
export type EventType = LedgerEvent['type'];

const definitions = {
  'customer-registered.v1': customerRegistered,
  'customer-profile-changed.v1': customerProfileChanged,
  'identifier-linked.v1': identifierLinked,
  'identifier-unlinked.v1': identifierUnlinked,
  'touchpoint-recorded.v1': touchpointRecorded,
  'touchpoint-status-reported.v1': touchpointStatusReported,
  'touchpoint-corrected.v1': touchpointCorrected,
  'touchpoint-annotated.v1': touchpointAnnotated,
  'touchpoint-redacted.v1': touchpointRedacted,
  'purchase-recorded.v1': purchaseRecorded,
  'purchase-refunded.v1': purchaseRefunded,
  'survey-answered.v1': surveyAnswered,
  'feedback-received.v1': feedbackReceived,
  'segment-model-fitted.v1': segmentModelFitted,
  'segment-activated.v1': segmentActivated,
} as const satisfies { readonly [T in EventType]: EventDefinition<T, Fields> };

/** An event as a fold sees it: sealed fields may be gone. */
export type SeenEvent = { [T in EventType]: SeenEventOf<(typeof definitions)[T]> }[EventType];

/** Every event type that this build writes. */
export const EVENT_TYPES: readonly string[] = Object.keys(definitions);

/** No event type has a second version yet; the path is proved by upcast.spec.ts. */
const upcasters: readonly Upcaster[] = [];

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(definitions, type);
}

/** Throws `EventFormatError` for a type that is not in the catalogue. */
export function definitionOf(type: string): (typeof definitions)[EventType] {
  if (!isEventType(type)) throw new EventFormatError(`unknown event type ${type}`);
  return definitions[type];
}

/**
 * Reads an event as it was written, in any released version, into today's type. Fields of a blob that is gone are
 * missing. Unknown types and malformed data throw `EventFormatError`.
 */
export function parseEvent(type: string, data: unknown): SeenEvent {
  const current = upcastWith(upcasters, type, data);
  return definitionOf(current.type).parseSeen(current.data);
}
