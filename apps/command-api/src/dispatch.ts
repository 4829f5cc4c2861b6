import type { CommandBus } from '@nestjs/cqrs';
import { EngineError, isJsonObject } from '#libs/core';
import { check } from '#libs/contracts';
import type { CommandMessage, ReceiptAnswer } from '#libs/contracts';
import { bodyOf, idempotencyKeyOf, ifMatchOf, ProblemError, refusalToProblem, refuseQuery } from '#libs/nest';
import type { ApiReply, ApiRequest, FieldError, ProblemCode } from '#libs/nest';
import { ContentionError, OverloadedError } from '#libs/runtime';
import type { Outcome } from '#libs/runtime';

type MessageType<M extends CommandMessage> = new () => M;

/** Checks a body against its contract, sends it over the bus, and answers with the receipt of API §2. */
export async function dispatch<M extends CommandMessage>(
  bus: CommandBus,
  type: MessageType<M>,
  request: ApiRequest,
  reply: ApiReply,
  path: Readonly<Record<string, string>> = {},
): Promise<ReceiptAnswer> {
  refuseQuery(request);
  const body: unknown = request.body;
  const checked = check(type, body, path);
  if (!checked.ok) refusePath(checked.errors, path, body);
  const message = bodyOf(checked);
  const key = idempotencyKeyOf(request.headers);
  const ifMatch = ifMatchOf(request.headers);
  message.origin = {
    actor: actorOf(request),
    body: Object.assign({}, body, path),
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  };
  return receiptOf(await execute(bus, message), reply);
}

/** What an id of the path names is not there, whatever form the id has. */
const NOT_THERE: Readonly<Record<string, ProblemCode>> = {
  customerId: 'customer-not-found',
  eventId: 'touchpoint-not-found',
};

/** Of the faults of a message those in its path are none of its body's. */
function refusePath(
  faults: readonly FieldError[],
  path: Readonly<Record<string, string>>,
  body: unknown,
): void {
  for (const name of Object.keys(path)) {
    const fault = faults.find(({ pointer }) => pointer === `/${name}`);
    if (fault === undefined || (isJsonObject(body) && Object.hasOwn(body, name))) continue;
    throw new ProblemError(NOT_THERE[name] ?? 'invalid-query', `${name} of the path ${fault.message}.`);
  }
}

/** People work with keys of role `agent`; everything else is a service. */
export function actorOf({ principal }: ApiRequest): {
  readonly kind: 'service' | 'user';
  readonly id: string;
} {
  return { kind: principal.roles.includes('service') ? 'service' : 'user', id: principal.keyId };
}

async function execute(bus: CommandBus, message: CommandMessage): Promise<Outcome> {
  try {
    return await bus.execute<CommandMessage, Outcome>(message);
  } catch (error) {
    throw problemOf(error);
  }
}

/** What went wrong beside the command itself, as far as a retry can mend it. */
export function problemOf(error: unknown): unknown {
  if (error instanceof ContentionError)
    return new ProblemError('contention', 'Too many writers at one customer.', { cause: error });
  if (error instanceof OverloadedError)
    return new ProblemError('overloaded', 'Too many commands are under way.', { cause: error });
  if (error instanceof EngineError)
    return new ProblemError('unavailable', 'The ledger can’t write at the moment.', { cause: error });
  return error;
}

function receiptOf(outcome: Outcome, reply: ApiReply): ReceiptAnswer {
  if (outcome.outcome === 'refused') throw refusalToProblem(outcome.refusal);
  reply.status(201);
  if (outcome.replayed) reply.header('idempotent-replayed', 'true');
  const { receipt, events } = outcome;
  return events.length > 1 ? { ...receipt, events: [...events] } : receipt;
}
