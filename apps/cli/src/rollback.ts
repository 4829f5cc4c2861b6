import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { call, textOf } from './api';
import { changeServing, failed } from './rebuild';
import type { Connection, Verb } from './verb';

const usage = `touchstone rollback <projection|all> [--json]

Lets the read models serve again that served before the last rebuild or activation: they first fold what they have
missed, then queries are switched to them. What is folded together goes back together. Of segments this takes back the
model as well, which is recorded (but the first model can't be taken back to none). A rollback can be rolled back.
Exit code: 0 when it is done, 1 when it failed (nothing served before, say; then nothing was switched).
`;

export const rollbackVerb: Verb = {
  name: 'rollback',
  summary: 'let the read models serve again that served before',
  usage,
  run: (args, context) =>
    changeServing('rollback', args, context, async (connection, { status, done, seconds }) => {
      if (!done) return { well: false, text: failed(status) };
      const serving = await servingOf(connection, status['projections']);
      return { well: true, text: `rolled back in ${seconds} s\n${serving.map(lineOf).join('')}` };
    }),
};

/** How projections are served now. */
async function servingOf(connection: Connection, names: unknown): Promise<readonly JsonObject[]> {
  const known: readonly unknown[] = Array.isArray(names) ? names : [];
  const all = await call(connection, 'GET', '/v1/projections');
  return (Array.isArray(all) ? all : []).filter(
    (one): one is JsonObject => isJsonObject(one) && known.includes(one['name']),
  );
}

function lineOf({ name, version, model, group }: JsonObject): string {
  const fitted = model === undefined ? '' : `, model ${textOf(model)}`;
  return `  ${textOf(name)}@${textOf(version)} is served by ${textOf(group)}${fitted}\n`;
}
