import { CUSTOMER_STREAM } from '#libs/core';
import type { Document, DocumentGroup } from '#libs/core';
import { projections } from '#libs/projections';
import { accepted, buy, byEmail, correct, redact, say, TestLedger } from '#libs/testing';
import { buildByCustomer, foldCustomers } from './build-by-customer';
import { GroupProjector } from './group-projector';

const CUSTOMERS = 12;

let test: TestLedger;

beforeEach(async () => {
  test = await TestLedger.open();
  for (let i = 0; i < 4 * CUSTOMERS; i++) {
    const customer = byEmail(`c${i % CUSTOMERS}@x.com`);
    const { receipt } = await accepted(test.ledger.execute(say(customer, { content: `words ${i}` })));
    if (i % 3 === 0) await accepted(test.ledger.execute(correct(receipt.eventId, { agent: `agent-${i}` })));
    if (i % 5 === 0) await accepted(test.ledger.execute(redact(receipt.eventId)));
    await accepted(test.ledger.execute(buy(customer, { orderId: `order-${i}` })));
  }
});
afterEach(() => test.dispose());

/** A connection of its own, as each thread has. */
async function projectorOf(groupId: string): Promise<GroupProjector> {
  const group = await test.store().open(groupId, projections);
  const { log } = test;
  return new GroupProjector({ group, projections, log, keyring: test.keyring(), feed: test.feed() });
}

async function contents(group: DocumentGroup): Promise<readonly (readonly [string, Document])[]> {
  return (await Promise.all(projections.map(({ name }) => group.scan(name, undefined, 10_000)))).flat();
}

it('makes of shares that are folded side by side what one fold of all makes', async () => {
  const { log } = test;
  const feed = test.feed();
  const whole = await projectorOf('whole');
  await buildByCustomer({ projector: whole, log, feed }, () => undefined);
  const folded: number[] = [];
  const shares = [0, 1].map(async (index) => {
    const projector = await projectorOf('parts');
    await foldCustomers({ projector, log, feed }, { index, of: 2 }, (events) => (folded[index] = events));
  });
  await Promise.all(shares);
  const parts = (await projectorOf('parts')).group;
  expect(await contents(parts)).toEqual(await contents(whole.group));
  expect((await contents(parts)).length).toBeGreaterThan(8 * CUSTOMERS);
  const streams = (await log.streams(undefined, 1_000)).items.filter(({ stream }) =>
    stream.startsWith(CUSTOMER_STREAM),
  );
  const all = streams.reduce((sum, { revision }) => sum + revision + 1, 0);
  expect(folded.filter((events) => events > 0).length).toBeGreaterThan(1);
  expect(folded.reduce((sum, events) => sum + (events ?? 0))).toBe(all);
});

it('folds a small ledger here, and sets the checkpoints to where the feed ended', async () => {
  const projector = await projectorOf('here');
  const foldAside = (): Promise<void> => Promise.reject(new Error('not for so few'));
  await buildByCustomer({ projector, log: test.log, feed: test.feed(), foldAside }, () => undefined);
  expect(await projector.group.checkpoints()).toEqual(await test.feed().ends());
});
