import { parseArgs } from 'node:util';
import { textOf } from './api';
import { describeUncompared, followChange, parityOf } from './follow-change';
import type { Change } from './follow-change';
import { grouped } from './import/progress';
import { EXIT_NOT_ALL_WELL, EXIT_OK, UsageError } from './verb';
import type { Connection, Verb, VerbContext } from './verb';
import { describeParity } from './verify';

const usage = `touchstone rebuild <projection|all> [--json]

Builds read models anew from the log, beside the live ones, compares the two, and switches. The old ones stay until the
next rebuild. Exit code: 0 when both were the same, 1 when the old ones differed (they are replaced) or it failed.
`;

export const rebuildVerb: Verb = {
  name: 'rebuild',
  summary: 'build read models beside, compare, switch',
  usage,
  run: (args, context) =>
    changeServing('rebuild', args, context, (_connection, { status, done, seconds }) => {
      const parity = parityOf(status);
      if (!done) return Promise.resolve({ well: false, text: failed(status) });
      const events = grouped(Number(status['events']));
      const head = `built and switched: ${events} events in ${seconds} s\n`;
      const text = parity === undefined ? '' : describeParity(parity) + describeUncompared(parity);
      return Promise.resolve({ well: parity?.['differing'] === 0, text: head + text });
    }),
};

export interface Outcome {
  readonly well: boolean;
  /** For people. */
  readonly text: string;
}

/** Has the server change what serves a projection, follows that to its end, prints what came of it. */
export async function changeServing(
  verb: 'rebuild' | 'rollback' | 'retry',
  args: string[],
  context: VerbContext,
  judge: (connection: Connection, change: Change) => Promise<Outcome>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [name] = positionals;
  if (name === undefined || positionals.length > 1) throw new UsageError('name one projection, or all');
  const connection = await context.connect({ existing: true });
  try {
    const change = await followChange(
      connection,
      `/v1/projections/${encodeURIComponent(name)}/${verb}`,
      context,
    );
    const { well, text } = await judge(connection, change);
    context.stdout.write(context.json || values.json ? `${JSON.stringify(change.status)}\n` : text);
    return well ? EXIT_OK : EXIT_NOT_ALL_WELL;
  } finally {
    await connection.close();
  }
}

export function failed({ fault }: Change['status']): string {
  return `failed, nothing was switched: ${textOf(fault)}\n`;
}
