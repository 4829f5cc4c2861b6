import { parseArgs } from 'node:util';
import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { callObject, textOf } from './api';
import { grouped } from './import/progress';
import { followTask } from './task';
import { CliError, EXIT_NOT_ALL_WELL, EXIT_OK, UsageError } from './verb';
import type { Verb } from './verb';

const SCOPES = ['ledger', 'readmodels'];

const usage = `touchstone verify [ledger|readmodels] [--json]

Recomputes everything from the log and names what differs; without a scope, both.

  ledger      every record's bytes, hashes, chain, sealed blobs and index entries
  readmodels  every document, built anew beside the live ones and compared

Exit code: 0 when nothing differs, 1 when something does.
`;

export const verifyVerb: Verb = {
  name: 'verify',
  summary: 'recompute everything from the log and name what differs',
  usage,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    });
    const [scope, ...more] = positionals;
    if (scope === 'pack') throw new CliError('evidence packs are not there yet');
    if (more.length > 0 || (scope !== undefined && !SCOPES.includes(scope))) {
      throw new UsageError(`the scope is one of ${SCOPES.join(', ')}`);
    }
    const connection = await context.connect({ existing: true });
    let allWell = true;
    try {
      for (const each of scope === undefined ? SCOPES : [scope]) {
        const { verificationId } = await callObject(connection, 'POST', '/v1/verifications', { scope: each });
        const status = await followTask(connection, `/v1/verifications/${textOf(verificationId)}`, context);
        if (status['ok'] !== true) allWell = false;
        context.stdout.write(context.json || values.json ? `${JSON.stringify(status)}\n` : describe(status));
      }
    } finally {
      await connection.close();
    }
    return allWell ? EXIT_OK : EXIT_NOT_ALL_WELL;
  },
};

function describe(status: JsonObject): string {
  const { scope, state, fault, ledger, readModels } = status;
  if (state === 'failed') return `${textOf(scope)}: could not be verified: ${textOf(fault)}\n`;
  if (isJsonObject(ledger)) {
    const { streams, events, faultCount, faults } = ledger;
    const head = `ledger: ${grouped(Number(events))} events of ${grouped(Number(streams))} streams`;
    if (faultCount === 0) return `${head}, nothing differs\n`;
    const lines = listOf(faults).map(
      (one) => `  ${textOf(one['stream'])} revision ${textOf(one['revision'])}: ${textOf(one['what'])}\n`,
    );
    return `${head}, ${grouped(Number(faultCount))} faults\n${lines.join('')}`;
  }
  return isJsonObject(readModels) ? describeParity(readModels) : '';
}

/** How read models compare with the log. */
export function describeParity(parity: JsonObject): string {
  const { compared, differing, examples } = parity;
  const head = `read models: ${grouped(Number(compared))} documents`;
  if (differing === 0) return `${head}, nothing differs\n`;
  const lines = listOf(examples).map((one) => {
    const fields =
      Array.isArray(one['fields']) && one['fields'].length > 0 ? ` (${one['fields'].join(', ')})` : '';
    return `  ${textOf(one['projection'])} of customer ${textOf(one['customerId'])}: ${textOf(one['what'])}${fields}\n`;
  });
  return `${head}, ${grouped(Number(differing))} differ from the log\n${lines.join('')}`;
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item): item is JsonObject => isJsonObject(item)) : [];
}
