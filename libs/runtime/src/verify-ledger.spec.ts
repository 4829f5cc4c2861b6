import type { EventLog } from '#libs/core';
import { accepted, byEmail, redact, say, TestLedger, withMethods } from '#libs/testing';
import { verifyLedger } from './verify-ledger';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(() => test.dispose());

describe('a verification', () => {
  // It reads a stream up to the head that it was told, and the redaction, which has taken the blobs, comes after that.
  it('takes no redaction that comes meanwhile for a loss', async () => {
    const { receipt } = await accepted(test.ledger.execute(say(byEmail('a@x.com'), { content: 'a secret' })));
    const streams: EventLog['streams'] = async (...asked) => {
      const page = await test.log.streams(...asked);
      await accepted(test.ledger.execute(redact(receipt.eventId)));
      return page;
    };
    const report = await verifyLedger(withMethods(test.log, { streams }), test.keyring(), () => undefined);
    expect(report).toMatchObject({ faults: [], streams: 1, events: receipt.revision + 1 });
  });
});
