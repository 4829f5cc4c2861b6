import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { allItems, callObject, textOf } from '../api';
import { CliError } from '../verb';
import type { Connection } from '../verb';
import { EXAMPLES } from './company';
import { crmOf } from './person';
import type { Person } from './person';

/** Customers, beside the example, whose last call turns out to have been something else. */
const ALSO_CORRECTED = 12;

/** What people find out only later: a wrong channel, a card number in a chat, a new address. To the example's id. */
export async function tellAfterwards(connection: Connection, people: readonly Person[]): Promise<string> {
  const [example] = people;
  if (example === undefined) throw new CliError('a company without customers has nothing to show');
  const customerId = await idOf(connection, example);
  const history = await historyOf(connection, customerId);
  const [corrected, redacted] = Object.keys(EXAMPLES).map((id) => eventOf(history, id));
  await say(connection, `/v1/touchpoints/${corrected}/correction`, {
    fields: { channel: 'sms', content: 'Sent a message: please call back about the kettle.' },
    reason: 'It was a text message, not a call.',
  });
  await say(connection, `/v1/touchpoints/${corrected}/annotation`, {
    text: 'Called back the same afternoon; all is well.',
  });
  await say(connection, `/v1/touchpoints/${redacted}/redaction`, {
    reason: 'The customer wrote a card number into the chat.',
  });
  await callObject(connection, 'PATCH', `/v1/customers/${customerId}`, {
    attributes: {
      city: 'Bath',
      newsletter: true,
      since: new Date(example.joinedMs).toISOString().slice(0, 10),
    },
    reason: 'Has moved.',
  });
  for (const person of people.slice(1, ALSO_CORRECTED + 1)) await correctCall(connection, person);
  return customerId;
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
function eventOf(history: readonly JsonObject[], sourceId: string): string {
  const event = history.find(({ data }) => isJsonObject(data) && data['sourceId'] === sourceId);
  if (event === undefined) throw new CliError(`the demo's ${sourceId} is not in its customer's history`);
  return textOf(event['eventId']);
}
