import type { DocumentGroup, StoredRecord } from '#libs/core';
import { projections } from '#libs/projections';
import { accepted, byEmail, say, TestLedger } from '#libs/testing';
import { GroupProjector } from './group-projector';
import { TailSweep } from './tail-sweep';

let test: TestLedger;
let group: DocumentGroup;
let folded: StoredRecord[];
let sweep: TailSweep;
let owned: boolean;

beforeEach(async () => {
  test = await TestLedger.open();
  group = await test.store().open('g1', projections);
  const { log } = test;
  const projector = new GroupProjector({
    group,
    projections,
    log,
    keyring: test.keyring(),
    feed: { bucketOf: () => 0 },
  });
  folded = [];
  owned = true;
  const fold = async (partition: number, records: readonly StoredRecord[]): Promise<void> => {
    folded.push(...records);
    await projector.apply(records, { partition, expected: undefined, next: undefined });
  };
  sweep = new TailSweep({ log, feed: test.feed(), group, owns: () => owned, fold });
});
afterEach(() => test.dispose());

async function talk(customer: string, times: number): Promise<string> {
  let stream = '';
  for (let i = 0; i < times; i++) {
    const { receipt } = await accepted(test.ledger.execute(say(byEmail(customer))));
    stream = `customer-${receipt.customerId}`;
  }
  return stream;
}

async function reached(stream: string): Promise<number | undefined> {
  return (await group.progress([stream]))[0]?.revision;
}

it('folds what the feed never delivered, once', async () => {
  const [anna, bert] = [await talk('anna@x.com', 2), await talk('bert@x.com', 1)];
  expect(await sweep.step()).toBe(5);
  expect([await reached(anna), await reached(bert)]).toEqual([2, 1]);
  expect(await sweep.step()).toBe(0);
  await talk('bert@x.com', 2);
  expect(await sweep.step()).toBe(2);
  expect(await reached(bert)).toBe(3);
  expect(folded).toHaveLength(7);
});

it('leaves the partitions of other processes alone', async () => {
  const anna = await talk('anna@x.com', 1);
  owned = false;
  expect(await sweep.step()).toBe(0);
  expect(await reached(anna)).toBeUndefined();
});

it('leaves the tail of a parked stream where it is', async () => {
  const [anna, bert] = [await talk('anna@x.com', 2), await talk('bert@x.com', 1)];
  const parked = { since: '2026-02-03T04:05:06.789Z', reason: 'a fold' };
  const progress = [{ stream: anna, revision: 0, position: 1, parked }];
  await group.commit({ partition: 0, expected: undefined, next: undefined, documents: [], progress });
  expect(await sweep.step()).toBe(2);
  expect(folded.map(({ stream }) => stream)).toEqual([bert, bert]);
  expect(await group.parked(undefined, 10)).toEqual(progress);
});
