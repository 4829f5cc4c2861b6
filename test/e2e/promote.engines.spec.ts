import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { customerStream } from '#libs/core';
import type { AppendRecord, StoredRecord } from '#libs/core';
import { lockDirectory } from '#libs/engines/embedded';
import { connectMongo } from '#libs/engines/mongodb';
import { Distributed, promote } from '#libs/distributed';
import type { PromoteOptions, PromoteStep } from '#libs/distributed';
import { ApiKeys, appendable, verifyLedger } from '#libs/runtime';
import {
  accepted,
  annotate,
  buy,
  byEmail,
  correct,
  link,
  redact,
  register,
  reportStatus,
  say,
  TestLedger,
  unlink,
} from '#libs/testing';
import { startEventStore } from '../engines/eventstoredb/start';
import type { EventStoreServer } from '../engines/eventstoredb/start';
import { ROOT } from './server';

jest.setTimeout(180_000);

/** As TestLedger makes its secrets. */
const ROOT_KEY_LINE = `touchstone-root-key-v1:${Buffer.alloc(32, 7).toString('base64')}\n`;

let test: TestLedger;
let eventStore: EventStoreServer;
let options: PromoteOptions;
let customerId = '';
let total = 0;

const keyed = buy(byEmail('anna@example.com'), { orderId: 'order-7' }, { idempotencyKey: 'kept-key' });

beforeEach(async () => {
  eventStore = await startEventStore();
  test = await TestLedger.open();
  const rootKeyFile = `${test.directory.path}.key`;
  writeFileSync(rootKeyFile, ROOT_KEY_LINE, { mode: 0o600 });
  const name = `promote-${randomBytes(6).toString('hex')}`;
  const mongodb = new URL(needed('TEST_MONGODB_URL'));
  mongodb.pathname = `/${name}`;
  options = {
    dataDirectory: test.directory.path,
    rootKeyFile,
    eventStoreUrl: eventStore.address,
    kafkaBrokers: needed('TEST_KAFKA_BROKERS').split(','),
    kafkaTopic: name,
    mongodbUrl: mongodb.href,
    verifyOnly: false,
    tell: () => undefined,
    signal: new AbortController().signal,
  };
  await fill();
  total = (await test.log.readAll(0, 10_000)).length;
  await closeSource();
});
afterEach(async () => {
  await test.dispose();
  await eventStore.stop();
  rmSync(options.rootKeyFile, { force: true });
});

/** Events of each kind that has to do with others, in streams of different lengths. */
async function fill(): Promise<void> {
  const { ledger } = test;
  const apiKeys = new ApiKeys({
    vault: test.engines.vault,
    pepper: test.secrets.pepper,
    clock: test.clock,
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
  });
  await apiKeys.create({ name: 'first', roles: ['admin'] });
  await apiKeys.create({ name: 'second', roles: ['service', 'agent'] });
  const anna = byEmail('anna@example.com');
  const { receipt } = await accepted(ledger.execute(register(['anna@example.com', 'anna@old.example'])));
  ({ customerId } = receipt);
  const first = await accepted(ledger.execute(say(anna, { content: 'the first thing that was said' })));
  const second = await accepted(ledger.execute(say(anna, { content: 'to be taken back' })));
  await accepted(ledger.execute(correct(first.receipt.eventId, { channel: 'voice' })));
  await accepted(ledger.execute(reportStatus(first.receipt.eventId)));
  await accepted(ledger.execute(annotate(second.receipt.eventId, 'a note')));
  await accepted(ledger.execute(redact(second.receipt.eventId)));
  await accepted(ledger.execute(unlink(customerId, 'anna@old.example')));
  await accepted(ledger.execute(link(customerId, 'anna@new.example')));
  await accepted(ledger.execute(keyed));
  for (let i = 0; i < 40; i++) {
    const content = `number ${i} ${'x'.repeat(i % 7 === 0 ? 40_000 : 10)}`;
    await accepted(ledger.execute(say(byEmail(`c${i % 30}@example.com`), { content })));
  }
  for (let i = 0; i < 230; i++) await accepted(ledger.execute(say(byEmail('busy@example.com'))));
}

/** Nobody may have the directory open when it is promoted. */
async function closeSource(): Promise<void> {
  test.closeStores();
  await test.directory.close();
}

async function withTarget<T>(use: (target: Distributed) => Promise<T>): Promise<T> {
  const target = await Distributed.open(options);
  try {
    return await use(target);
  } finally {
    await target.close();
  }
}

it('takes everything over, proves it, and goes on as the same ledger', async () => {
  const phases = new Set<string>();
  const report = await promote({ ...options, tell: ({ phase }) => phases.add(phase) });
  expect(report).toMatchObject({
    same: true,
    copied: { appended: total, present: 0 },
    events: { embedded: total, distributed: total },
    differingHeads: 0,
    differingEvents: 0,
    examples: [],
    vault: { apiKeys: 2, differing: 0 },
    readModels: { differing: 0, undecided: 0 },
  });
  expect(report.streams).toBe(32);
  expect(report.readModels.compared).toBeGreaterThan(report.streams);
  expect([...phases]).toEqual(['read models', 'vault', 'events', 'publishing', 'proof']);

  await withTarget(async (target) => {
    const verified = await verifyLedger(target.log, target.keyring(), () => undefined);
    expect(verified).toMatchObject({ events: total, faultCount: 0 });
    const ledger = target.ledger();
    const again = await accepted(ledger.execute(keyed));
    expect(again).toMatchObject({ replayed: true, receipt: { customerId } });
    expect(await ledger.resolver.find({ type: 'email', value: 'anna@new.example' })).toBe(customerId);
    expect(await ledger.resolver.find({ type: 'email', value: 'anna@old.example' })).toBeUndefined();
  });

  const second = await promote(options);
  expect(second).toMatchObject({ same: true, copied: { appended: 0, present: total } });
  expect(await promote({ ...options, verifyOnly: true })).toMatchObject({
    same: true,
    copied: { appended: 0 },
  });

  await withTarget(async (target) => {
    await accepted(target.ledger().execute(say(byEmail('anna@new.example'))));
  });
  expect(await promote({ ...options, verifyOnly: true })).toMatchObject({
    same: false,
    events: { embedded: total, distributed: total + 1 },
    differingHeads: 1,
    differingEvents: 1,
  });
});

it('goes on where it was broken off, and appends nothing twice', async () => {
  const stop = new AbortController();
  const breakOff = ({ phase, count }: PromoteStep): void => {
    if (phase === 'events' && count > 0) stop.abort();
  };
  await expect(promote({ ...options, tell: breakOff, signal: stop.signal })).rejects.toThrow('broken off');
  const report = await promote(options);
  const { appended, present } = report.copied;
  expect(appended).toBeGreaterThan(0);
  expect(present).toBeGreaterThan(0);
  expect(appended + present).toBe(total);
  expect(report).toMatchObject({ same: true, events: { distributed: total } });
});

it('refuses a target that holds another event at a revision', async () => {
  await copySecretsOnly();
  await withTarget(async (target) => {
    const [first] = await sourceRecords();
    if (first === undefined) throw new Error('the source is empty');
    const { outcome } = await target.log.append({
      stream: customerStream(customerId),
      expectedRevision: -1,
      records: [{ ...first, leafHash: 'f'.repeat(64) }],
    });
    expect(outcome).toBe('appended');
  });
  const refused = `the target holds another event at revision 0 of ${customerStream(customerId)}`;
  await expect(promote(options)).rejects.toThrow(refused);
});

it('finds what differs though the heads are the same', async () => {
  await copySecretsOnly();
  await withTarget(async (target) => {
    const stream = customerStream(customerId);
    const records = (await sourceRecords()).filter((record) => record.stream === stream);
    const changed = records.map((record) => (record.rev === 1 ? { ...record, tag: 'f'.repeat(32) } : record));
    const { outcome } = await target.log.append({ stream, expectedRevision: -1, records: changed });
    expect(outcome).toBe('appended');
  });
  expect(await promote(options)).toMatchObject({
    same: false,
    differingHeads: 0,
    differingEvents: 1,
    examples: [{ stream: customerStream(customerId), revision: 1 }],
  });
});

it('refuses another ledger’s engines, and to verify a target that nothing was promoted to', async () => {
  await expect(promote({ ...options, verifyOnly: true })).rejects.toThrow('was not promoted');
  await withTarget(async (target) => target.ledger().execute(say(byEmail('other@example.com'))));
  await expect(promote(options)).rejects.toThrow('another ledger is in the target');
});

it('is killed in phase after phase, run again, and has everything once', async () => {
  // The embedded read models catch up first; the last kill is while the new ones are folded.
  for (const phase of ['vault', 'events', 'publishing', 'publishing\nread models']) {
    const killed = await touchstone(['promote', '--to', 'distributed'], `${phase}\n`);
    expect(killed).toMatchObject({ signal: 'SIGKILL', out: '' });
  }
  const { code, out } = await touchstone(['promote', '--to', 'distributed', '--json']);
  expect(JSON.parse(out)).toMatchObject({
    same: true,
    copied: { appended: 0, present: total },
    events: { embedded: total, distributed: total },
    readModels: { differing: 0 },
  });
  expect(code).toBe(0);
  const server = lockDirectory(options.dataDirectory);
  const beside = await touchstone(['promote', '--to', 'distributed', '--verify-only']);
  server.release();
  expect(beside).toMatchObject({ code: 1, out: '' });
  expect(beside.err).toMatch(/^touchstone: .* is in use by another Touchstone process; stop it.*\n$/);
});

it('has an index beside the log that is made again where it was lost', async () => {
  await promote(options);
  const mongodb = await connectMongo(options.mongodbUrl, { database: options.kafkaTopic });
  await mongodb.vault.collection('log_index').deleteMany({});
  await mongodb.close();
  await withTarget(async (target) => {
    const { faultCount } = await verifyLedger(target.log, target.keyring(), () => undefined);
    expect(faultCount).toBeGreaterThan(0);
  });
  expect(await touchstone(['reindex', '--json'])).toMatchObject({ code: 0, out: `{"events":${total}}\n` });
  await withTarget(async (target) => {
    const verified = await verifyLedger(target.log, target.keyring(), () => undefined);
    expect(verified).toMatchObject({ events: total, faultCount: 0 });
    const again = await accepted(target.ledger().execute(keyed));
    expect(again).toMatchObject({ replayed: true });
  });
});

/** The built command line; with `killIn`, killed when it has said this. */
function touchstone(
  args: readonly string[],
  killIn?: string,
): Promise<{ code: number | null; signal: string | null; out: string; err: string }> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOUCHSTONE_'));
  const child = spawn(process.execPath, [join(ROOT, 'dist/apps/cli/src/main.js'), ...args], {
    env: {
      ...Object.fromEntries(inherited),
      TOUCHSTONE_DATA: options.dataDirectory,
      TOUCHSTONE_ROOT_KEY_FILE: options.rootKeyFile,
      TOUCHSTONE_EVENTSTORE_URL: options.eventStoreUrl,
      TOUCHSTONE_KAFKA_BROKERS: options.kafkaBrokers.join(','),
      TOUCHSTONE_KAFKA_TOPIC: options.kafkaTopic,
      TOUCHSTONE_MONGODB_URL: options.mongodbUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
    if (killIn !== undefined && said.err.includes(killIn)) child.kill('SIGKILL');
  });
  return new Promise((done) => child.once('close', (code, signal) => done({ code, signal, ...said })));
}

/** The target as a run leaves it that was killed before its first append. */
async function copySecretsOnly(): Promise<void> {
  const stop = new AbortController();
  const tell = ({ phase }: PromoteStep): void => {
    if (phase === 'vault') stop.abort();
  };
  await expect(promote({ ...options, tell, signal: stop.signal })).rejects.toThrow('broken off');
}

async function sourceRecords(): Promise<readonly AppendRecord[]> {
  await test.restart();
  const records: readonly StoredRecord[] = await test.log.readAll(0, 10_000);
  await closeSource();
  return records.map(appendable);
}

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run this by npm run test:engines`);
  return value;
}
