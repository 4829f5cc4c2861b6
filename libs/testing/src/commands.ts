import type {
  CorrectedFields,
  CustomerReference,
  RecordPurchase,
  RecordTouchpoint,
  RegisterCustomer,
  ReportStatus,
} from '#libs/domain';
import type { Identifier } from '#libs/events';
import type { CommandInput } from '#libs/runtime';
import { inputOf } from './test-ledger';

/** Commands as tests give them: the least that is valid, and what a test changes. */
type More = Partial<CommandInput>;

export function email(value: string): Identifier {
  return { type: 'email', value };
}

/** A customer known by e-mail addresses, one or several. */
export function byEmail(...values: readonly string[]): CustomerReference {
  return { identifiers: values.map(email) };
}

export function say(
  customer: CustomerReference,
  body: Partial<RecordTouchpoint> = {},
  more: More = {},
): CommandInput {
  return inputOf(
    { name: 'touchpoint', body: { customer, channel: 'email', direction: 'inbound', ...body } },
    more,
  );
}

export function buy(
  customer: CustomerReference,
  body: Partial<RecordPurchase> = {},
  more: More = {},
): CommandInput {
  const total = { amount: '10.00', currency: 'EUR' };
  return inputOf({ name: 'purchase', body: { customer, orderId: 'order-1', total, ...body } }, more);
}

export function register(
  values: readonly string[],
  body: Partial<RegisterCustomer> = {},
  more: More = {},
): CommandInput {
  return inputOf({ name: 'customer', body: { identifiers: values.map(email), ...body } }, more);
}

export function link(customerId: string, value: string): CommandInput {
  return inputOf({ name: 'link', body: { customerId, ...email(value) } });
}

export function unlink(customerId: string, value: string): CommandInput {
  return inputOf({ name: 'unlink', body: { customerId, ...email(value) } });
}

export function reportStatus(
  eventId: string,
  body: Partial<ReportStatus> = {},
  more: More = {},
): CommandInput {
  return inputOf({ name: 'touchpoint-status', body: { eventId, status: 'delivered', ...body } }, more);
}

export function correct(eventId: string, fields: CorrectedFields, more: More = {}): CommandInput {
  return inputOf({ name: 'touchpoint-correction', body: { eventId, fields, reason: 'wrong' } }, more);
}

export function redact(eventId: string, more: More = {}): CommandInput {
  return inputOf({ name: 'touchpoint-redaction', body: { eventId, reason: 'asked for' } }, more);
}

export function annotate(eventId: string, text: string, more: More = {}): CommandInput {
  return inputOf({ name: 'touchpoint-annotation', body: { eventId, text } }, more);
}
