import type { Document, DocumentGroup } from '#libs/core';
import { projections } from '#libs/projections';
import {
  accepted,
  annotate,
  buy,
  byEmail,
  correct,
  eventually,
  numbered,
  redact,
  say,
  TestLedger,
} from '#libs/testing';
import { Projector } from './projector';
import type { RebuildStatus } from './group-orders';

const NAMES = projections.map(({ name }) => name);

let test: TestLedger;
let running: Projector[];
let faults: Error[];

beforeEach(async () => {
  test = await TestLedger.open();
  running = [];
  faults = [];
});
afterEach(async () => {
  for (const projector of running) await projector.stop();
  await test.dispose();
});

type Store = ReturnType<TestLedger['store']>;

async function start(store: Store): Promise<Projector> {
  const projector = test.projector(store, (fault) => faults.push(fault));
  running.push(projector);
  await projector.start();
  return projector;
}

async function fill(from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const customer = byEmail(`c${i % 5}@x.com`);
    const { receipt } = await accepted(
      test.ledger.execute(say(customer, { content: `words ${i}`, subject: 's' })),
    );
    if (i % 3 === 0) await accepted(test.ledger.execute(correct(receipt.eventId, { agent: `agent-${i}` })));
    if (i % 4 === 0) await accepted(test.ledger.execute(annotate(receipt.eventId, 'note')));
    if (i % 5 === 0) await accepted(test.ledger.execute(redact(receipt.eventId)));
    await accepted(test.ledger.execute(buy(customer, { orderId: `order-${i}` })));
  }
}

/** Which group serves, once it has folded all of the log. */
async function served(store: Store): Promise<DocumentGroup> {
  const last = await test.log.lastPosition();
  const id = (await store.pointers()).find(({ projection }) => projection === 'timeline')?.group ?? '';
  const group = await store.open(id, projections);
  await eventually(`${id} has caught up`, async () => ((await group.checkpoint(0))?.position ?? 0) >= last);
  return group;
}

async function contents(group: DocumentGroup): Promise<readonly (readonly [string, Document])[]> {
  return (await Promise.all(NAMES.map((name) => group.scan(name, undefined, 10_000)))).flat();
}

it('folds what is there and what comes, and goes on where it was stopped', async () => {
  await fill(0, 7);
  let store = test.store();
  await (await start(store)).stop();
  await fill(7, 3);
  await start(store);
  await served(store);
  await fill(10, 3);
  const live = await contents(await served(store));
  await running.at(-1)?.stop();
  test.closeStores();
  await test.restart();
  store = test.store();
  await start(store);
  await fill(13, 2);
  const after = await contents(await served(store));
  expect(after.length).toBeGreaterThan(live.length);
  expect(faults).toEqual([]);
});

it('builds beside what it serves: the same documents, then the pointers move and the old group stays', async () => {
  const store = test.store();
  await fill(0, 12);
  const projector = await start(store);
  const live = await contents(await served(store));
  const told: RebuildStatus[] = [];
  const parity = await projector.build({ taskId: 'rebuild-1', names: NAMES, keep: true }, (status) =>
    told.push(status),
  );
  // Shared documents count as one where their buckets are summed, and empty sums not at all.
  expect(parity).toMatchObject({ differing: 0, undecided: 0, parked: 0, examples: [] });
  expect(parity.compared).toBeGreaterThan(live.length / 2);
  expect([...new Set(told.map(({ state }) => state))]).toEqual([
    'building',
    'following',
    'comparing',
    'done',
  ]);
  expect((await store.pointers()).map(({ group, previous = '' }) => [group, previous].map(numbered))).toEqual(
    NAMES.map(() => ['g2', 'g1']),
  );
  expect((await store.groups()).map(numbered)).toEqual(['g1', 'g2']);
  expect(await contents(await served(store))).toEqual(live);
  await fill(12, 2);
  expect((await contents(await served(store))).length).toBeGreaterThan(live.length);
  await projector.build({ taskId: 'rebuild-2', names: NAMES, keep: true }, () => undefined);
  expect((await store.groups()).map(numbered)).toEqual(['g2', 'g3']);
  expect(faults).toEqual([]);
});

it('builds right while commands come in', async () => {
  const store = test.store();
  await fill(0, 6);
  const projector = await start(store);
  await served(store);
  const writing = fill(6, 14);
  const parity = await projector.build({ taskId: 'rebuild-1', names: NAMES, keep: true }, () => undefined);
  await writing;
  expect(parity.differing).toBe(0);
  const again = await projector.build({ taskId: 'verify-1', names: NAMES, keep: false }, () => undefined);
  expect(again.differing).toBe(0);
});

it('finds documents that were changed, removed or added, and changes nothing itself', async () => {
  const store = test.store();
  await fill(0, 6);
  await (await start(store)).stop();
  const projector = await start(store);
  const group = await served(store);
  const [[profileKey, profile] = ['', {}]] = await group.scan('profile', undefined, 1);
  const [[timelineKey, entry] = ['', {}]] = await group.scan('timeline', undefined, 1);
  await projector.stop();
  const checkpoint = await group.checkpoint(0);
  await group.commit({
    partition: 0,
    expected: checkpoint,
    next: checkpoint,
    documents: [
      { projection: 'profile', key: profileKey, document: { ...profile, purchaseCount: 99 } },
      { projection: 'timeline', key: timelineKey, document: undefined },
      { projection: 'timeline', key: 'not-there', document: entry },
    ],
    progress: [],
  });
  const { differing, examples } = await (
    await start(store)
  ).build({ taskId: 'verify-1', names: NAMES, keep: false }, () => undefined);
  expect(differing).toBe(3);
  const found = examples.map(({ projection, what, fields }) => [projection, what, fields]);
  expect(found).toContainEqual(['profile', 'different', ['purchaseCount']]);
  expect(found).toContainEqual(['timeline', 'missing', []]);
  expect(found).toContainEqual(['timeline', 'unexpected', []]);
  expect(new Set(examples.map(({ customerId }) => customerId))).toEqual(
    new Set([profile['_customer'], entry['_customer']]),
  );
  expect((await store.groups()).map(numbered)).toEqual(['g1']);
  expect((await group.getMany('profile', [profileKey]))[0]).toMatchObject({ purchaseCount: 99 });
});

it('begins again from the store when another writer has moved its group', async () => {
  const store = test.store();
  await fill(0, 2);
  const projector = await start(store);
  const group = await served(store);
  const checkpoint = await group.checkpoint(0);
  const next = { topicId: 'x', offset: 1, position: 1 };
  await group.commit({ partition: 0, expected: checkpoint, next, documents: [], progress: [] });
  await fill(2, 1);
  await served(store);
  const parity = await projector.build({ taskId: 'verify-1', names: NAMES, keep: false }, () => undefined);
  expect(parity).toMatchObject({ differing: 0, undecided: 0 });
  expect(faults).toEqual([]);
});

it('leaves a group that another process has replaced, and follows the new one', async () => {
  const [here, there] = [test.store(), test.store()];
  await fill(0, 2);
  const [mine, others] = [await start(here), await start(there)];
  await served(here);
  expect(
    (await others.build({ taskId: 'rebuild-1', names: NAMES, keep: true }, () => undefined)).differing,
  ).toBe(0);
  await others.stop();
  await fill(2, 2);
  await served(here);
  expect(await mine.build({ taskId: 'verify-1', names: NAMES, keep: false }, () => undefined)).toMatchObject({
    differing: 0,
  });
  expect(faults).toEqual([]);
});
