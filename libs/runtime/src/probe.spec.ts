import { TestLedger, accepted, codeOf, inputOf } from '#libs/testing';
import { eventually } from '#libs/testing';
const email = (value: string) => ({ type: 'email', value });
const tp = (identifiers: any, more: any = {}) =>
  inputOf({
    name: 'touchpoint',
    body: { customer: { identifiers }, channel: 'email', direction: 'inbound', ...more },
  });
let t: TestLedger;
beforeEach(async () => {
  t = await TestLedger.open();
});
afterEach(() => t.dispose());
it('stale keys in the projector', async () => {
  const store = t.store();
  const faults: Error[] = [];
  const p = t.projector(store, (f) => faults.push(f));
  await p.start();
  const one = await accepted(t.ledger.execute(tp([email('a@x.com')])));
  const group = await store.open('g1', (await import('#libs/projections')).projections);
  await eventually(
    'first',
    async () => (await group.getMany('timeline', [one.receipt.eventId]))[0] !== undefined,
  );
  const two = await accepted(t.ledger.execute(tp([email('a@x.com')], { content: 'hello' })));
  await eventually(
    'second',
    async () => (await group.getMany('timeline', [two.receipt.eventId]))[0] !== undefined,
  );
  console.log((await group.getMany('timeline', [two.receipt.eventId]))[0], faults);
  await p.stop();
});
it('history stale keys (shared keyring)', async () => {
  const h = t.history();
  const one = await accepted(t.ledger.execute(tp([email('a@x.com')])));
  await h.events(one.receipt.customerId, {}, 10);
  await accepted(t.ledger.execute(tp([email('a@x.com')], { content: 'hello' })));
  console.log(JSON.stringify((await h.events(one.receipt.customerId, {}, 10)).items.map((i) => i['data'])));
});
it('leaked claim of an order replay', async () => {
  const buy = (identifiers: any) =>
    inputOf({
      name: 'purchase',
      body: { customer: { identifiers }, orderId: 'o1', total: { amount: '1', currency: 'EUR' } },
    });
  const a = await accepted(t.ledger.execute(buy([email('a@x.com')])));
  console.log(await codeOf(t.ledger.execute(buy([email('a@x.com'), email('b@x.com')]))));
  const link = t.ledger.execute(
    inputOf({ name: 'link', body: { customerId: a.receipt.customerId, ...email('b@x.com') } }),
  );
  console.log(await Promise.race([codeOf(link), new Promise((r) => setTimeout(r, 500, 'HANGS'))]));
  const b = await accepted(t.ledger.execute(tp([email('b@x.com')])));
  console.log(
    b.receipt.customerId === a.receipt.customerId,
    b.events.length,
    await t.ledger.resolver.find(email('b@x.com')),
  );
});
