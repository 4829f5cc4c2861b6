import { parseArgs } from 'node:util';
import { isJsonObject } from '#libs/core';
import { call, callObject, textOf } from './api';
import { EXIT_OK, UsageError } from './verb';
import type { Verb, VerbContext } from './verb';

const usage = `touchstone keys create --name <name> --roles <role,role> [--expires <instant>] [--json]
touchstone keys list [--json]
touchstone keys revoke <keyId>

Roles: service agent analyst auditor dpo admin (docs/access.md). A key is shown once, when it is made.
`;

export const keysVerb: Verb = {
  name: 'keys',
  summary: 'create, list and revoke API keys',
  usage,
  async run(args, context) {
    const [what, ...rest] = args;
    if (what === 'create') return create(rest, context);
    if (what === 'list') return list(rest, context);
    if (what === 'revoke') return revoke(rest, context);
    throw new UsageError('say create, list or revoke');
  },
};

async function create(args: string[], context: VerbContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      name: { type: 'string' },
      roles: { type: 'string' },
      expires: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { name, roles, expires } = values;
  if (name === undefined || roles === undefined) throw new UsageError('a key needs a --name and --roles');
  const connection = await context.connect();
  try {
    const body = { name, roles: roles.split(',').map((role) => role.trim()) };
    const made = await callObject(connection, 'POST', '/v1/keys', {
      ...body,
      ...(expires === undefined ? {} : { expiresAt: expires }),
    });
    if (context.json || values.json) context.stdout.write(`${JSON.stringify(made)}\n`);
    else {
      context.stderr.write(`${textOf(made['keyId'])}: the key is shown only this once\n`);
      context.stdout.write(`${textOf(made['key'])}\n`);
    }
    return EXIT_OK;
  } finally {
    await connection.close();
  }
}

async function list(args: string[], context: VerbContext): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } });
  const connection = await context.connect({ existing: true });
  try {
    const { items } = await callObject(connection, 'GET', '/v1/keys');
    for (const item of Array.isArray(items) ? items : []) {
      if (!isJsonObject(item)) continue;
      const { keyId, roles, createdAt, expiresAt, name } = item;
      const columns = [
        keyId,
        createdAt,
        expiresAt ?? 'for ever',
        Array.isArray(roles) ? roles.join(',') : '',
        name,
      ];
      context.stdout.write(
        context.json || values.json ? `${JSON.stringify(item)}\n` : `${columns.map(textOf).join('  ')}\n`,
      );
    }
    return EXIT_OK;
  } finally {
    await connection.close();
  }
}

async function revoke(args: string[], context: VerbContext): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  const [keyId] = positionals;
  if (keyId === undefined || positionals.length > 1) throw new UsageError('name one key id');
  const connection = await context.connect({ existing: true });
  try {
    await call(connection, 'DELETE', `/v1/keys/${encodeURIComponent(keyId)}`);
    context.stdout.write(`${keyId} is revoked\n`);
    return EXIT_OK;
  } finally {
    await connection.close();
  }
}
