import { customerStream } from '#libs/core';
import type { DocumentGroup, Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { projections } from '#libs/projections';
import { accepted, buy, byEmail, eventually, numbered, poisoned, say, TestLedger } from '#libs/testing';
import type { Parity } from './compare-groups';
import type { RebuildStatus } from './group-orders';
import type { Projector } from './projector';

const NAMES = projections.map(({ name }) => name);
/** The customer is parked before this revision. */
const AT = 3;

let test: TestLedger;
let store: ReturnType<TestLedger['store']>;
let running: Projector[];
let faults: Error[];
let bert: string;
let bad: boolean;
/** The build with the careless fold, until it is mended. */
let build: readonly Projection<SeenEvent>[];

beforeEach(async () => {
  test = await TestLedger.open();
  store = test.store();
  running = [];
  faults = [];
  bad = true;
  for (const who of ['anna', 'bert', 'cleo', 'bert', 'anna', 'bert']) await talk(who);
  bert = customerStream(await talk('bert'));
  const at = ({ stream, revision }: { stream: string; revision: number }): boolean =>
    bad && stream === bert && revision === AT;
  build = poisoned(projections, { projection: 'timeline', at });
});
afterEach(async () => {
  for (const projector of running) await projector.stop();
  await test.dispose();
});

async function talk(who: string): Promise<string> {
  const customer = byEmail(`${who}@x.com`);
  await accepted(test.ledger.execute(say(customer, { content: `words of ${who}` })));
  return (await accepted(test.ledger.execute(buy(customer)))).receipt.customerId;
}

async function start(plain: readonly Projection<SeenEvent>[] = build): Promise<Projector> {
  const projector = test.projector(store, (fault) => faults.push(fault), plain);
  running.push(projector);
  await projector.start();
  return projector;
}

/** The group that serves, once its checkpoint has reached the end of the log. */
async function served(): Promise<DocumentGroup> {
  const last = await test.log.lastPosition();
  const id = (await store.pointers())[0]?.group ?? '';
  const group = await store.open(id, projections);
  await eventually(`${id} is at the end`, async () => ((await group.checkpoint(0))?.position ?? 0) >= last);
  return group;
}

async function verified(projector: Projector): Promise<Parity> {
  return projector.build({ taskId: 'verify', names: NAMES, keep: false }, () => undefined);
}

async function tail(): Promise<unknown> {
  const [progress] = await (await served()).progress([bert]);
  return progress?.revision;
}
const head = async (): Promise<number> => (await test.log.head(bert))?.rev ?? -1;

it('parks one customer while all others, old and new, go on', async () => {
  await start();
  const group = await served();
  for (const who of ['bert', 'anna', 'dora']) await talk(who);
  await served();
  expect(await group.countParked()).toBe(1);
  expect(await tail()).toBe(AT - 1);
  const directory = await group.scan('directory', undefined, 10);
  expect(directory).toHaveLength(4);
  const streams = directory.map(([customerId]) => customerStream(customerId)).filter((one) => one !== bert);
  const heads = await Promise.all(streams.map(async (stream) => (await test.log.head(stream))?.rev));
  expect((await group.progress(streams)).map((progress) => progress?.revision)).toEqual(heads);
  expect(faults).toEqual([]);
});

it('drains at the start of a build that is mended, in order, to what a rebuild makes', async () => {
  await (await start()).stop();
  expect(await (await served()).countParked()).toBe(1);
  await talk('bert');
  await talk('anna');
  const mended = await start(projections);
  const group = await served();
  await eventually('nobody is parked', async () => (await group.countParked()) === 0);
  expect(await tail()).toBe(await head());
  expect(await verified(mended)).toMatchObject({ differing: 0, parked: 0, undecided: 0 });
  expect(faults).toEqual([]);
});

it('tries again when it is told to: parked still, then drained, while commands come in', async () => {
  const projector = await start();
  const group = await served();
  const before = await group.parked(undefined, 10);
  const told: RebuildStatus[] = [];
  const retry = async (): Promise<RebuildStatus | undefined> => {
    await projector.retryParked({ taskId: 'retry-1', names: NAMES }, (status) => told.push(status));
    return told.at(-1);
  };
  expect(await retry()).toMatchObject({ rebuildId: 'retry-1', state: 'done', parked: 1 });
  expect(await group.parked(undefined, 10)).toEqual(before);
  bad = false;
  const writing = (async () => {
    for (const who of ['bert', 'anna', 'bert', 'cleo', 'bert']) await talk(who);
  })();
  expect(await retry()).toMatchObject({ state: 'done', parked: 0 });
  await writing;
  await served();
  expect(await tail()).toBe(await head());
  expect(await verified(projector)).toMatchObject({ differing: 0, parked: 0, undecided: 0 });
});

it('tells what hinders another try', async () => {
  const projector = await start();
  await served();
  const told: RebuildStatus[] = [];
  await projector.stop();
  // Marked, but nobody folds any more.
  await projector.retryParked({ taskId: 'retry-1', names: NAMES }, (status) => told.push(status));
  expect(told.at(-1)).toMatchObject({ state: 'failed', fault: 'stopped before it was done' });
});

it('is not taken for a difference, where one side could fold what the other could not', async () => {
  const projector = await start();
  const group = await served();
  // Both sides are parked at the same revision.
  expect(await verified(projector)).toMatchObject({ differing: 0, parked: 0, undecided: 0 });
  bad = false;
  const parity = await verified(projector);
  expect(parity).toMatchObject({ differing: 0, examples: [] });
  expect(parity.parked).toBeGreaterThan(0);
  // What differs for another reason still does.
  await projector.stop();
  const [key = '', document] =
    (await group.scan('profile', undefined, 10)).find(([id]) => !bert.endsWith(id)) ?? [];
  const checkpoint = await group.checkpoint(0);
  const documents = [{ projection: 'profile', key, document: { ...document, purchaseCount: 99 } }];
  await group.commit({ partition: 0, expected: checkpoint, next: checkpoint, documents, progress: [] });
  bad = true;
  const again = await start();
  bad = false;
  const { differing, examples } = await verified(again);
  expect([differing, examples.map(({ customerId }) => customerId)]).toEqual([1, [key]]);
});

it('builds beside with a customer parked, and the switch keeps the others whole', async () => {
  const projector = await start();
  await served();
  const parity = await projector.build({ taskId: 'rebuild', names: NAMES, keep: true }, () => undefined);
  expect(parity).toMatchObject({ differing: 0, undecided: 0 });
  const group = await served();
  expect(numbered(group.id)).toBe('g2');
  expect(await group.countParked()).toBe(1);
  bad = false;
  await projector.retryParked({ taskId: 'retry', names: NAMES }, () => undefined);
  expect(await tail()).toBe(await head());
  expect(await verified(projector)).toMatchObject({ differing: 0, parked: 0, undecided: 0 });
});
