import { attributes, code, identifier, listOf, text } from './codec';
import { clear, defineEvent, optional, sealed } from './define-event';
import type { EventOf } from './define-event';

export const MAX_IDENTIFIERS = 50;

/** Where an event came from: the system in clear (a code), its own id and part sealed. Shared by every family. */
export const provenance = {
  sourceSystem: optional(clear(code)),
  sourceId: optional(sealed('by-purpose', text(1024))),
  sourcePart: optional(sealed('by-purpose', text(1024))),
};

export const customerRegistered = defineEvent('customer-registered.v1', {
  name: optional(sealed('identity', text(1024))),
  identifiers: sealed('identity', listOf(identifier, MAX_IDENTIFIERS)),
  attributes: optional(sealed('by-purpose', attributes)),
  ...provenance,
});

export const customerProfileChanged = defineEvent('customer-profile-changed.v1', {
  name: optional(sealed('identity', text(1024))),
  attributes: optional(sealed('by-purpose', attributes)),
  reason: optional(sealed('by-purpose', text())),
});

export const identifierLinked = defineEvent('identifier-linked.v1', {
  identifiers: sealed('identity', listOf(identifier, MAX_IDENTIFIERS)),
});

export const identifierUnlinked = defineEvent('identifier-unlinked.v1', {
  identifiers: sealed('identity', listOf(identifier, MAX_IDENTIFIERS)),
});

export type CustomerEvent =
  | EventOf<typeof customerRegistered>
  | EventOf<typeof customerProfileChanged>
  | EventOf<typeof identifierLinked>
  | EventOf<typeof identifierUnlinked>;
