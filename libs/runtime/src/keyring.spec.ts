import { accepted, byEmail, say, TestLedger } from '#libs/testing';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(() => test.dispose());

const customerOf = async (email: string): Promise<string> =>
  (await accepted(test.ledger.execute(say(byEmail(email))))).receipt.customerId;

describe('keys of many customers', () => {
  it('come in the order of the ids; who was never registered has none', async () => {
    const [a, b] = [await customerOf('a@x.com'), await customerOf('b@x.com')];
    const loaded = await test.keyring().load([b, 'nobody', a, b]);
    expect(loaded.map((keys) => keys?.customerId)).toEqual([b, undefined, a, b]);
  });

  // A customer without keys passes for an erased one.
  it('are all there, also of a customer whose are let go while the others are read', async () => {
    const [a, b] = [await customerOf('a@x.com'), await customerOf('b@x.com')];
    const keyring = test.keyring();
    await keyring.get(a);
    const loading = keyring.load([a, b]);
    keyring.forget(a);
    expect((await loading).map((keys) => keys?.customerId)).toEqual([a, b]);
  });
});
