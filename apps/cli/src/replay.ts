import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { isJsonObject, isUuid } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { allItems, callObject, textOf } from './api';
import { shorten } from './one-line';
import { describeDiff, describeState, diffQuery, stateQuery } from './replay-as-of';
import { EXIT_OK, UsageError } from './verb';
import type { Connection, Verb, VerbContext } from './verb';

const PAGE = 500;

const usage = `touchstone replay <customer> [--from <instant>] [--to <instant>] [--after <revision>] [--form record] [--json]
touchstone replay <customer> --at <revision|instant> [--axis recorded|occurred] [--model <modelId>] [--json]
touchstone replay <customer> --diff <from>..<to> [--json]

Prints everything recorded about a customer, in order. <customer> is a customer id or an identifier, type:value
(email:zoe@example.com). --json prints one event a line as the API gives it; --form record prints them as committed.

--at prints profile, loyalty and segments as they were: at a revision, or at an instant. By --axis recorded, the
default, with what the ledger knew then; by --axis occurred with what had happened by then, also where it was recorded
later. The segments are those of the model that was active then, or of --model.

--diff prints what changed between two revisions or two instants, and the events that caused each change.
`;

const HISTORY_OPTIONS = ['from', 'to', 'after', 'form'] as const;
const STATE_OPTIONS = ['axis', 'model'] as const;

export const replayVerb: Verb = {
  name: 'replay',
  summary: 'print the history of a customer, or how things stood at any time',
  usage,
  async run(args, context) {
    const { values, positionals } = readArgs(args);
    const [who] = positionals;
    if (who === undefined || positionals.length > 1) throw new UsageError('name one customer');
    const asJson = context.json || values.json;
    const wanted = wantedOf(values);
    const connection = await context.connect({ existing: true });
    try {
      const path = `/v1/customers/${await customerOf(connection, who)}/${wanted.path}`;
      if (wanted.describe === undefined) {
        await printHistory(connection, path, asJson || values.form !== undefined, context);
      } else {
        const answer = await callObject(connection, 'GET', path);
        context.stdout.write(asJson ? `${JSON.stringify(answer)}\n` : wanted.describe(answer));
      }
      return EXIT_OK;
    } finally {
      await connection.close();
    }
  },
};

function readArgs(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      after: { type: 'string' },
      form: { type: 'string' },
      json: { type: 'boolean', default: false },
      at: { type: 'string' },
      axis: { type: 'string' },
      model: { type: 'string' },
      diff: { type: 'string' },
    },
  });
}

type Values = ReturnType<typeof readArgs>['values'];

interface Wanted {
  /** Below the customer. */
  readonly path: string;
  /** Of one answer; a history is printed line by line. */
  readonly describe?: (answer: JsonObject) => string;
}

function wantedOf(values: Values): Wanted {
  const { at, diff } = values;
  if (at !== undefined && diff !== undefined) throw new UsageError('give --at or --diff, not both');
  const foreign = at === undefined ? STATE_OPTIONS.find((name) => values[name] !== undefined) : undefined;
  if (foreign !== undefined) throw new UsageError(`--${foreign} is for --at`);
  if (at === undefined && diff === undefined) return { path: `history?${historyQuery(values)}` };
  const ofHistory = HISTORY_OPTIONS.find((name) => values[name] !== undefined);
  if (ofHistory !== undefined)
    throw new UsageError(`--${ofHistory} is for a history, without --at and --diff`);
  if (diff !== undefined) return { path: `diff?${diffQuery(diff)}`, describe: describeDiff };
  return { path: `state?${stateQuery(values)}`, describe: describeState };
}

function historyQuery(values: Values): string {
  const query = new URLSearchParams({ limit: textOf(PAGE) });
  for (const name of HISTORY_OPTIONS) {
    const value = values[name];
    if (value !== undefined) query.set(name, value);
  }
  return query.toString();
}

async function printHistory(
  connection: Connection,
  path: string,
  asJson: boolean,
  { stdout }: VerbContext,
): Promise<void> {
  for await (const event of allItems(connection, path)) {
    const written = stdout.write(asJson ? `${JSON.stringify(event)}\n` : lineOf(event));
    // A history may be larger than memory, and its reader slower than the ledger.
    if (written === false && stdout === process.stdout) await once(process.stdout, 'drain');
  }
}

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
