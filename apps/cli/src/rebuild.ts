import { parseArgs } from 'node:util';
import { isJsonObject } from '#libs/core';
import { callObject, textOf } from './api';
import { grouped } from './import/progress';
import { followTask } from './task';
import { EXIT_NOT_ALL_WELL, EXIT_OK, UsageError } from './verb';
import type { Verb } from './verb';
import { describeParity } from './verify';

const usage = `touchstone rebuild <projection|all> [--json]

Builds read models anew from the log, beside the live ones, compares the two, and switches. The old ones stay until the
next rebuild. Exit code: 0 when both were the same, 1 when the old ones differed (they are replaced) or it failed.
`;

export const rebuildVerb: Verb = {
  name: 'rebuild',
  summary: 'build read models beside, compare, switch',
  usage,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    });
    const [name] = positionals;
    if (name === undefined || positionals.length > 1) throw new UsageError('name one projection, or all');
    const connection = await context.connect({ existing: true });
    try {
      const path = `/v1/projections/${encodeURIComponent(name)}/rebuild`;
      const { rebuildId } = await callObject(connection, 'POST', path);
      const startedMs = Date.now();
      const status = await followTask(connection, `/v1/rebuilds/${textOf(rebuildId)}`, context);
      const { state, fault, events, parity } = status;
      if (context.json || values.json) context.stdout.write(`${JSON.stringify(status)}\n`);
      else if (state === 'failed') context.stdout.write(`failed, nothing was switched: ${textOf(fault)}\n`);
      else {
        const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
        context.stdout.write(`built and switched: ${grouped(Number(events))} events in ${seconds} s\n`);
        if (isJsonObject(parity)) context.stdout.write(describeParity(parity));
      }
      return state === 'done' && isJsonObject(parity) && parity['differing'] === 0
        ? EXIT_OK
        : EXIT_NOT_ALL_WELL;
    } finally {
      await connection.close();
    }
  },
};
