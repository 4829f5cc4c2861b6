import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { isJsonObject, isUuid } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { allItems, callObject, textOf } from './api';
import { CliError, EXIT_OK, UsageError } from './verb';
import type { Connection, Verb } from './verb';

/** Characters of a text that a line of the human form shows. */
const SHOWN_CHARACTERS = 80;
const PAGE = 500;

const usage = `touchstone replay <customer> [--from <instant>] [--to <instant>] [--after <revision>] [--form record] [--json]

Prints everything recorded about a customer, in order. <customer> is a customer id or an identifier, type:value
(email:zoe@example.com). --json prints one event a line as the API gives it; --form record prints them as committed.
`;

export const replayVerb: Verb = {
  name: 'replay',
  summary: 'print the history of a customer',
  usage,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        after: { type: 'string' },
        form: { type: 'string' },
        json: { type: 'boolean', default: false },
        at: { type: 'string' },
        diff: { type: 'string' },
      },
    });
    const [who] = positionals;
    if (who === undefined || positionals.length > 1) throw new UsageError('name one customer');
    if (values.at !== undefined || values.diff !== undefined)
      throw new CliError('--at and --diff are not there yet');
    const query = new URLSearchParams({ limit: textOf(PAGE) });
    for (const name of ['from', 'to', 'after', 'form'] as const) {
      const value = values[name];
      if (value !== undefined) query.set(name, value);
    }
    const asJson = context.json || values.json || values.form !== undefined;
    const connection = await context.connect({ existing: true });
    try {
      const customerId = await customerOf(connection, who);
      for await (const event of allItems(
        connection,
        `/v1/customers/${customerId}/history?${query.toString()}`,
      )) {
        const written = context.stdout.write(asJson ? `${JSON.stringify(event)}\n` : lineOf(event));
        // A history may be larger than memory, and its reader slower than the ledger.
        if (written === false && context.stdout === process.stdout) await once(process.stdout, 'drain');
      }
      return EXIT_OK;
    } finally {
      await connection.close();
    }
  },
};

async function customerOf(connection: Connection, who: string): Promise<string> {
  if (isUuid(who.toLowerCase())) return who.toLowerCase();
  const colon = who.indexOf(':');
  if (colon <= 0) throw new UsageError('a customer is an id, or an identifier such as email:zoe@example.com');
  const identifier = { type: who.slice(0, colon), value: who.slice(colon + 1) };
  const profile = await callObject(connection, 'POST', '/v1/customers/lookup', { identifier });
  return textOf(profile['customerId']);
}

function lineOf(event: JsonObject): string {
  const { revision, recordedAt, occurredAt, type } = event;
  const data = isJsonObject(event['data']) ? event['data'] : {};
  const happened = occurredAt === recordedAt ? '' : ` (of ${textOf(occurredAt)})`;
  const facts = ['channel', 'direction', 'status', 'instrument', 'score', 'orderId', 'outcome']
    .map((name) => data[name])
    .filter((value) => value !== undefined);
  const text = [
    data['subject'],
    data['content'],
    data['comment'],
    data['text'],
    data['reason'],
    data['name'],
  ].find((value) => typeof value === 'string');
  const shown = typeof text === 'string' ? ` “${shorten(text)}”` : '';
  const hidden = event['redacted'] === true ? ' [redacted]' : '';
  const words = facts.map((value) => shorten(textOf(value))).join(' ');
  return `${textOf(revision).padStart(6)}  ${textOf(recordedAt)}${happened}  ${textOf(type)} ${words}${shown}${hidden}\n`;
}

/** One line, however the text is broken; control characters never reach the terminal. */
function shorten(text: string): string {
  // Bidi overrides can make a line read as another one.
  const line = text.replace(/[\p{Cc}\s\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length > SHOWN_CHARACTERS ? `${characters.slice(0, SHOWN_CHARACTERS).join('')}…` : line;
}
