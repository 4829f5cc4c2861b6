import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { call, textOf } from './api';
import { countOf } from './follow-change';
import { grouped } from './import/progress';
import { shorten } from './one-line';
import { changeServing } from './rebuild';
import type { Connection, Verb } from './verb';

/** Parked customers that are named. */
const MAX_NAMED = 10;

const usage = `touchstone retry <projection|all> [--json]

Tries customers again who are parked because an event of theirs could not be folded: after a fix, their events drain in
order. Nobody else waits meanwhile. Exit code: 0 when nobody is parked any more, 1 when somebody still is or it failed.
`;

export const retryVerb: Verb = {
  name: 'retry',
  summary: 'drain the events of parked customers after a fix',
  usage,
  run: (args, context) =>
    changeServing('retry', args, context, async (connection, { status, done, seconds }) => {
      if (!done) return { well: false, text: `failed: ${textOf(status['fault'])}\n` };
      const parked = countOf(status['parked']);
      if (parked === 0) return { well: true, text: `nobody is parked (${seconds} s)\n` };
      const named = (await parkedOf(connection, status['projections'])).slice(0, MAX_NAMED).map(lineOf);
      return { well: false, text: `${grouped(parked)} still parked\n${named.join('')}` };
    }),
};

/** Who is parked, in any of these projections; those of one group are told once. */
async function parkedOf(connection: Connection, names: unknown): Promise<readonly JsonObject[]> {
  const wanted: readonly unknown[] = Array.isArray(names) ? names : [];
  const all = await call(connection, 'GET', '/v1/projections');
  const groups = new Map<string, readonly JsonObject[]>();
  for (const one of Array.isArray(all) ? all : []) {
    if (!isJsonObject(one) || !wanted.includes(one['name']) || !Array.isArray(one['parked'])) continue;
    groups.set(
      textOf(one['group']),
      one['parked'].filter((parked) => isJsonObject(parked)),
    );
  }
  return [...groups.values()].flat();
}

function lineOf({ customerId, since, reason }: JsonObject): string {
  return `  customer ${textOf(customerId)} since ${textOf(since)}: ${shorten(textOf(reason))}\n`;
}
