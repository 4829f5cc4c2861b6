import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '#libs/core';
import { createRootKey } from '#libs/engines/embedded';
import { CliError, EXIT_OK } from './verb';
import type { Verb } from './verb';

const usage = `touchstone init

Makes the root key file of a new ledger on EventStoreDB, Kafka and MongoDB, where TOUCHSTONE_ROOT_KEY_FILE says, or
beside the data directory. A file that is there already stays as it is. standalone makes its own and needs no init.
`;

export const initVerb: Verb = {
  name: 'init',
  summary: 'make the root key of a ledger on distributed engines',
  usage,
  run(_args, { dataDirectory, stdout }) {
    const file = resolve(process.env['TOUCHSTONE_ROOT_KEY_FILE'] || `${dataDirectory}.key`);
    if (existsSync(file)) {
      stdout.write(`${file} is there already\n`);
      return Promise.resolve(EXIT_OK);
    }
    try {
      createRootKey(file);
    } catch (error) {
      throw new CliError(`${file} can't be made: ${messageOf(error)}`, { cause: error });
    }
    stdout.write(`${file} is made; keep a copy where no copy of the data is\n`);
    return Promise.resolve(EXIT_OK);
  },
};
