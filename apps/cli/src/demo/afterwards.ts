import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { allItems, callObject, textOf } from '../api';
import { CliError } from '../verb';
import type { Connection } from '../verb';
import { EXAMPLE } from './example';
import { crmOf } from './person';
import type { Person } from './person';

/** Customers, beside the example, whose last call turns out to have been something else. */
const ALSO_CORRECTED = 12;
/** Customers after those, whose last message said too much. */
const ALSO_REDACTED = 3;

/** Whom the demo tells about, and between which revisions a complaint came in and ended in praise. */
export interface ExampleCustomer {
  readonly customerId: string;
  readonly beforeComplaint: number;
  readonly afterPraise: number;
}

/** What people find out only later: a wrong channel, a card number in a chat, a new address. */
export async function tellAfterwards(
  connection: Connection,
  people: readonly Person[],
): Promise<ExampleCustomer> {
  const [example] = people;
  if (example === undefined) throw new CliError('a company without customers has nothing to show');
  const customerId = await idOf(connection, example);
  const history = await historyOf(connection, customerId);
  const [corrected, redacted] = [eventOf(history, EXAMPLE.corrected), eventOf(history, EXAMPLE.redacted)];
  await say(connection, `/v1/touchpoints/${textOf(corrected['eventId'])}/correction`, {
    fields: { channel: 'sms', content: 'Sent a message: please call back about the kettle.' },
    reason: 'It was a text message, not a call.',
  });
  await say(connection, `/v1/touchpoints/${textOf(corrected['eventId'])}/annotation`, {
    text: 'Called back the same afternoon; all is well.',
  });
  await redact(connection, redacted, 'The customer wrote a card number into the chat.');
  await callObject(connection, 'PATCH', `/v1/customers/${customerId}`, {
    attributes: {
      city: 'Bath',
      newsletter: true,
      since: new Date(example.joinedMs).toISOString().slice(0, 10),
    },
    reason: 'Has moved.',
  });
  const others = people.slice(1);
  for (const person of others.slice(0, ALSO_CORRECTED)) await correctCall(connection, person);
  for (const person of others.slice(ALSO_CORRECTED, ALSO_CORRECTED + ALSO_REDACTED))
    await redactMessage(connection, person);
  return {
    customerId,
    beforeComplaint: revisionOf(eventOf(history, EXAMPLE.complaint)) - 1,
    afterPraise: revisionOf(eventOf(history, EXAMPLE.praise)),
  };
}

async function correctCall(connection: Connection, person: Person): Promise<void> {
  const history = await historyOf(connection, await idOf(connection, person));
  const call = history.findLast(({ data }) => isJsonObject(data) && data['kind'] === 'call');
  if (call === undefined) return;
  await say(connection, `/v1/touchpoints/${textOf(call['eventId'])}/correction`, {
    fields: { outcome: 'follow-up' },
    reason: 'Closed too early.',
  });
}

async function redactMessage(connection: Connection, person: Person): Promise<void> {
  const history = await historyOf(connection, await idOf(connection, person));
  const message = history.findLast(({ data }) => isJsonObject(data) && data['direction'] === 'inbound');
  if (message !== undefined) await redact(connection, message, 'It names somebody else.');
}

function redact(connection: Connection, { eventId }: JsonObject, reason: string): Promise<JsonObject> {
  return say(connection, `/v1/touchpoints/${textOf(eventId)}/redaction`, { reason });
}

function say(connection: Connection, path: string, body: JsonObject): Promise<JsonObject> {
  return callObject(connection, 'POST', path, body);
}

async function idOf(connection: Connection, { number }: Person): Promise<string> {
  const identifier = { type: 'crm', value: crmOf(number) };
  return textOf((await callObject(connection, 'POST', '/v1/customers/lookup', { identifier }))['customerId']);
}

async function historyOf(connection: Connection, customerId: string): Promise<JsonObject[]> {
  const events: JsonObject[] = [];
  for await (const event of allItems(connection, `/v1/customers/${customerId}/history?limit=500`))
    events.push(event);
  return events;
}

/** By the id that its message has in the system it came from. */
function eventOf(history: readonly JsonObject[], sourceId: string): JsonObject {
  const event = history.find(({ data }) => isJsonObject(data) && data['sourceId'] === sourceId);
  if (event === undefined) throw new CliError(`the demo's ${sourceId} is not in its customer's history`);
  return event;
}

function revisionOf({ revision }: JsonObject): number {
  return Number(revision);
}
