import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '#libs/core';
import { fill, streamOf } from '#libs/testing';
import { EventStoreDouble } from '../../../test/engines/eventstoredb/event-store-double';
import { mongoUrl } from '../../../test/engines/mongodb/scratch-database';
import { Distributed } from './distributed';
import type { DistributedOptions } from './distributed';

jest.setTimeout(60_000);

let directory: string;
let double: EventStoreDouble;
let options: DistributedOptions;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'touchstone-same-'));
  double = await EventStoreDouble.start();
  const rootKeyFile = join(directory, 'root.key');
  writeFileSync(rootKeyFile, `touchstone-root-key-v1:${Buffer.alloc(32, 7).toString('base64')}\n`, {
    mode: 0o600,
  });
  const mongodb = new URL(mongoUrl());
  mongodb.pathname = `/same-${randomBytes(6).toString('hex')}`;
  options = {
    dataDirectory: join(directory, 'data'),
    rootKeyFile,
    eventStoreUrl: double.address,
    // Nobody opens a feed or a sink here.
    kafkaBrokers: ['127.0.0.1:1'],
    kafkaTopic: 'none',
    mongodbUrl: mongodb.href,
  };
});
afterEach(async () => {
  await double.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function opened<T>(use: (ledger: Distributed) => Promise<T>): Promise<T> {
  const ledger = await Distributed.open(options);
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}

it('opens no other ledger than the one whose vault it has', async () => {
  await opened(async (ledger) => fill(ledger.log, streamOf(1), 2));
  await opened(async (ledger) => expect(await ledger.isSameLedger()).toBe(true));
  await opened(async (ledger) => {
    await double.obey({ do: 'reset' });
    expect(await ledger.isSameLedger()).toBe(false);
  });
  await expect(Distributed.open(options)).rejects.toThrow(EngineError);
  await expect(Distributed.open(options)).rejects.toThrow('does not hold the ledger');
});

it('opens a ledger that is still empty as often as one likes', async () => {
  for (let i = 0; i < 3; i++) {
    await opened(async (ledger) => expect(await ledger.log.lastPosition()).toBe(0));
  }
});
