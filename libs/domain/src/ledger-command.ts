import type { Decision, Instant } from '#libs/core';
import type { LedgerEvent, SeenEvent } from '#libs/events';
import { customer } from './customer';
import type { CustomerCommand, CustomerState } from './customer';
import { feedback } from './feedback';
import type { FeedbackInput } from './feedback';
import { purchase } from './purchase';
import type { PurchaseCommand } from './purchase';
import { survey } from './survey';
import type { SurveyInput } from './survey';
import { touchpoint } from './touchpoint';
import type { Target, TouchpointCommand, TouchpointState } from './touchpoint';

/** Every command, under the word that its idempotency key is made of (trust.md §1.2): these words never change. */
export type LedgerCommand =
  CustomerCommand | TouchpointCommand | PurchaseCommand | SurveyInput['command'] | FeedbackInput['command'];
export type CommandName = LedgerCommand['name'];

export const COMMAND_NAMES = [
  'customer',
  'profile',
  'link',
  'unlink',
  'touchpoint',
  'touchpoint-status',
  'touchpoint-correction',
  'touchpoint-redaction',
  'touchpoint-annotation',
  'purchase',
  'refund',
  'survey-answer',
  'feedback',
] as const satisfies readonly CommandName[];

/** What the deciders of one customer's stream remember: ids and flags, no personal data. */
export interface StreamState {
  readonly customer: CustomerState;
  readonly touchpoint: TouchpointState;
}

export const initialStreamState: StreamState = {
  customer: customer.initialState,
  touchpoint: touchpoint.initialState,
};

export function evolveStream(state: StreamState, event: SeenEvent): StreamState {
  const nextCustomer = customer.evolve(state.customer, event);
  const nextTouchpoint = touchpoint.evolve(state.touchpoint, event);
  if (nextCustomer === state.customer && nextTouchpoint === state.touchpoint) return state;
  return { customer: nextCustomer, touchpoint: nextTouchpoint };
}

export function decideCommand(
  command: LedgerCommand,
  state: StreamState,
  now: Instant,
  target: Target | undefined,
): Decision<LedgerEvent> {
  switch (command.name) {
    case 'customer':
    case 'profile':
    case 'link':
    case 'unlink':
      return customer.decide(command, state.customer);
    case 'touchpoint':
    case 'touchpoint-status':
    case 'touchpoint-correction':
    case 'touchpoint-redaction':
    case 'touchpoint-annotation':
      return touchpoint.decide(
        target === undefined ? { command, now } : { command, now, target },
        state.touchpoint,
      );
    case 'purchase':
    case 'refund':
      return purchase.decide({ command, now }, {});
    case 'survey-answer':
      return survey.decide({ command, now }, {});
    case 'feedback':
      return feedback.decide({ command, now }, {});
  }
}
