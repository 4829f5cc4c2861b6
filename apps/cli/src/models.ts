import { parseArgs } from 'node:util';
import { instantOf, isJsonObject, isUuid, parseInstant } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { allItems, callObject, textOf } from './api';
import { countOf, describeUncompared, followChange, parityOf } from './follow-change';
import { grouped } from './import/progress';
import { failed } from './rebuild';
import { CliError, EXIT_NOT_ALL_WELL, EXIT_OK, UsageError } from './verb';
import type { Connection, Verb, VerbContext } from './verb';

const LATEST = 'latest';
const MIDNIGHT = 'T00:00:00.000Z';

const usage = `touchstone models fit [--as-of <instant>] [--json]
touchstone models list [--json]
touchstone models activate <modelId|latest> [--json]

A model says which customers are in which segment (RFM: how recently, how often, for how much they bought).

  fit       computes one from the purchases before --as-of (default: the beginning of this day, UTC) and records it;
            nothing is served by it yet
  list      all that were fitted, oldest first, and which one is active
  activate  builds all read models with a model beside those that serve, then switches; it prints how they differ.
            latest is the one that was fitted last. touchstone rollback all takes it back
`;

export const modelsVerb: Verb = {
  name: 'models',
  summary: 'fit, list and activate the models of segments',
  usage,
  async run(args, context) {
    const [what, ...rest] = args;
    if (what === 'fit') return fit(rest, context);
    if (what === 'list') return list(rest, context);
    if (what === 'activate') return activate(rest, context);
    throw new UsageError('say fit, list or activate');
  },
};

const JSON_OPTION = { json: { type: 'boolean', default: false } } as const;

async function fit(args: string[], context: VerbContext): Promise<number> {
  const { values } = parseArgs({ args, options: { 'as-of': { type: 'string' }, ...JSON_OPTION } });
  const given = values['as-of'];
  const asOf = given === undefined ? today() : parseInstant(given);
  if (asOf === undefined) throw new UsageError('--as-of needs an instant (2026-01-31T00:00:00Z)');
  const connection = await context.connect({ existing: true });
  try {
    const model = await callObject(connection, 'POST', '/v1/models', { kind: 'rfm', asOf });
    const { modelId, parameters } = model;
    const about = isJsonObject(parameters) ? sizeOf(parameters) : '';
    context.stdout.write(
      context.json || values.json
        ? `${JSON.stringify(model)}\n`
        : `${textOf(modelId)}  fitted as of ${asOf}${about}\n`,
    );
    return EXIT_OK;
  } finally {
    await connection.close();
  }
}

async function list(args: string[], context: VerbContext): Promise<number> {
  const { values } = parseArgs({ args, options: JSON_OPTION });
  const connection = await context.connect({ existing: true });
  try {
    for await (const model of allItems(connection, '/v1/models')) {
      context.stdout.write(context.json || values.json ? `${JSON.stringify(model)}\n` : lineOf(model));
    }
    return EXIT_OK;
  } finally {
    await connection.close();
  }
}

async function activate(args: string[], context: VerbContext): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: JSON_OPTION });
  const [which, ...more] = positionals;
  if (which === undefined || more.length > 0) throw new UsageError('name one model id, or latest');
  if (which !== LATEST && !isUuid(which.toLowerCase())) throw new UsageError('a model is an id, or latest');
  const connection = await context.connect({ existing: true });
  try {
    const modelId = which === LATEST ? await latestOf(connection) : which.toLowerCase();
    const { status, done, seconds } = await followChange(
      connection,
      `/v1/models/${modelId}/activate`,
      context,
    );
    const head = `${modelId} is active: ${grouped(countOf(status['events']))} events in ${seconds} s\n`;
    const text = done ? head + comparedWithBefore(status) : failed(status);
    context.stdout.write(context.json || values.json ? `${JSON.stringify(status)}\n` : text);
    // Another model puts customers into other segments: that read models differ is what was asked for.
    return done ? EXIT_OK : EXIT_NOT_ALL_WELL;
  } finally {
    await connection.close();
  }
}

/** Of another model documents differ because that was asked for, so nobody is named. */
function comparedWithBefore(status: JsonObject): string {
  const parity = parityOf(status);
  if (parity === undefined) return '';
  const { compared, differing } = parity;
  const counts = `${grouped(countOf(compared))} documents, ${grouped(countOf(differing))} differ`;
  return `beside those that served before: ${counts}\n${describeUncompared(parity)}`;
}

/** The one that was fitted last: they are listed in that order. */
async function latestOf(connection: Connection): Promise<string> {
  let latest: JsonObject | undefined;
  for await (const model of allItems(connection, '/v1/models')) latest = model;
  if (latest === undefined) throw new CliError('no model has been fitted: touchstone models fit');
  return textOf(latest['modelId']);
}

function lineOf({ modelId, kind, asOf, fittedAt, active, activatedAt, parameters }: JsonObject): string {
  const last = Array.isArray(activatedAt) ? activatedAt.at(-1) : undefined;
  const since =
    last === undefined ? 'never active' : `active ${active === true ? 'since' : 'from'} ${textOf(last)}`;
  const about = isJsonObject(parameters) ? sizeOf(parameters) : '';
  return `${textOf(modelId)}  ${textOf(kind)} as of ${textOf(asOf)}, fitted ${textOf(fittedAt)}${about}, ${since}\n`;
}

function sizeOf({ population, currency }: JsonObject): string {
  return `: ${grouped(Number(population))} customers, ${textOf(currency)}`;
}

function today(): string {
  return instantOf(Date.now()).slice(0, 'YYYY-MM-DD'.length) + MIDNIGHT;
}
