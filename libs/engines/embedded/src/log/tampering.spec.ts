import { join } from 'node:path';
import { accepted, annotate, byEmail, redact, say, TestLedger } from '#libs/testing';
import { Sqlite } from '../sqlite';
import type { SqlValue } from '../sqlite';
import { LOG_FORMAT } from './schema';

let test: TestLedger;
let customerId: string;

beforeEach(async () => {
  test = await TestLedger.open();
  const source = { source: { system: 'mail', id: '1' } };
  const { receipt } = await accepted(
    test.ledger.execute(say(byEmail('a@x.com'), { content: 'hello', ...source })),
  );
  ({ customerId } = receipt);
  await accepted(test.ledger.execute(annotate(receipt.eventId, 'a note')));
  const other = await accepted(
    test.ledger.execute(say(byEmail('b@x.com'), { content: 'other', direction: 'outbound' })),
  );
  await accepted(test.ledger.execute(say(byEmail('a@x.com'), { content: 'bye' })));
  await accepted(test.ledger.execute(redact(other.receipt.eventId)));
});
afterEach(() => test.dispose());

/** Changes the log file as somebody with a database tool would, all writers being stopped. */
async function tamper(sql: string, values: readonly SqlValue[] = []): Promise<void> {
  await test.directory.close();
  const database = new Sqlite(join(test.directory.path, 'log.db'), { format: LOG_FORMAT });
  const before = database.query('SELECT total_changes()')[0]?.[0];
  database.query(sql, values);
  expect(database.query('SELECT total_changes()')[0]?.[0]).not.toBe(before);
  database.close();
  await test.restart();
}

it('finds nothing in an untouched ledger, a redaction in it', async () => {
  expect(await test.verify()).toEqual({ streams: 2, events: 7, faultCount: 0, faults: [] });
  await test.restart();
  expect((await test.verify()).faultCount).toBe(0);
});

// Positions 1 to 4 and 6: registration, touchpoint, note and bye of the first customer; 4, 5 and 7 of the other one.
const EDITS: readonly (readonly [what: string, sql: string, fault: string])[] = [
  [
    'a changed field',
    `UPDATE events SET env = replace(env, 'inbound', 'outbound') WHERE position = 2`,
    'the leaf hash does not follow',
  ],
  [
    'a blank in an envelope',
    `UPDATE events SET env = replace(env, '{"actor"', '{ "actor"') WHERE position = 2`,
    'not canonical',
  ],
  ['an envelope that is none', `UPDATE events SET env = '{}' WHERE position = 2`, 'envelope: missing key'],
  [
    'an unknown event type',
    `UPDATE events SET env = replace(env, 'touchpoint-annotated', 'touchpoint-forgotten') WHERE position = 3`,
    'unknown event type',
  ],
  [
    'an earlier instant',
    `UPDATE events SET env = replace(env, '"at":"2026', '"at":"2025') WHERE position = 3`,
    'recorded before its predecessor',
  ],
  [
    'a changed leaf hash',
    `UPDATE events SET leaf_hash = zeroblob(32) WHERE position = 3`,
    'the leaf hash does not follow',
  ],
  ['a changed id', `UPDATE events SET id = zeroblob(16) WHERE position = 3`, 'the id is not the envelope’s'],
  ['a missing event', `DELETE FROM events WHERE position = 2`, 'revision 2 follows 0'],
  [
    'an event of another customer',
    `UPDATE events SET sid = 2, rev = 7 WHERE position = 3`,
    'the stream is not the envelope’s',
  ],
  [
    'a changed blob',
    `UPDATE sealed SET blob = zeroblob(length(blob)) WHERE slot = 16`,
    'the blob is not the one committed to',
  ],
  [
    'a blob of another class',
    `UPDATE sealed SET class = '/marketing' WHERE slot = 16`,
    'a blob that the envelope does not name',
  ],
  ['a blob that is gone', `DELETE FROM sealed WHERE slot = 16`, 'nothing redacts it'],
  [
    'a changed stream tag',
    `UPDATE streams SET tag = zeroblob(16) WHERE sid = 1`,
    'the leaf hash does not follow',
  ],
  [
    'another name of a stream',
    `UPDATE streams SET name = name || '0' WHERE sid = 1`,
    'the stream is not the envelope’s',
  ],
  ['a key that is gone', `DELETE FROM keys`, 'the index of idempotency keys does not find it'],
  [
    'a key that leads elsewhere',
    `UPDATE keys SET position = 6`,
    'the index of idempotency keys does not find it',
  ],
];

it.each(EDITS)('finds %s', async (_what, sql, fault) => {
  await tamper(sql);
  const { faults, faultCount } = await test.verify();
  expect(faultCount).toBeGreaterThan(0);
  expect(faults.map(({ what }) => what)).toContainEqual(expect.stringContaining(fault));
});

it('names stream and revision of a fault, and nothing else is wrong', async () => {
  await tamper(`UPDATE events SET env = replace(env, 'inbound', 'outbound') WHERE position = 2`);
  expect((await test.verify()).faults).toEqual([
    {
      stream: `customer-${customerId}`,
      revision: 1,
      what: 'the leaf hash does not follow from record and predecessor',
    },
  ]);
});

it('finds a blob that was put back from another event', async () => {
  await tamper('UPDATE sealed SET blob = (SELECT blob FROM sealed WHERE slot = 24) WHERE slot = 16');
  const { faults } = await test.verify();
  expect(faults.map(({ what }) => what)).toEqual([
    '/service: the blob is not the one committed to',
    '/service: does not open with its key',
  ]);
});

it('does not pass over a stream that is listed no more', async () => {
  await tamper('DELETE FROM streams WHERE sid = 2');
  await expect(test.verify()).rejects.toThrow('an event of a stream that is not there');
});
