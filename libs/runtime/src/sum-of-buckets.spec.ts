import type { Document, DocumentGroup } from '#libs/core';
import { TestLedger } from '#libs/testing';
import { sumOf } from './sum-of-buckets';

let test: TestLedger;
beforeEach(async () => (test = await TestLedger.open()));
afterEach(() => test.dispose());

async function sums(documents: Readonly<Record<string, Document>>): Promise<unknown> {
  const projections = [{ name: 'counts', version: 1, indexes: [] }];
  const group: DocumentGroup = await test.store().open('g1', projections);
  const writes = Object.entries(documents).map(([key, document]) => ({
    projection: 'counts',
    key,
    document,
  }));
  const batch = { partition: 0, expected: undefined, next: undefined, progress: [] };
  await group.commit({ ...batch, documents: writes });
  return Object.fromEntries(await sumOf(group, 'counts'));
}

it('adds numbers, members and places of lists over all buckets, and leaves out what is the runtime’s', async () => {
  const found = await sums({
    '0/2026-01': { month: '2026-01', _bucket: 0, _position: 7, counts: { email: [1, 0, 2], sms: [5] } },
    '1/2026-01': { month: '2026-01', _bucket: 1, _position: 9, counts: { email: [1, 1], chat: [0, 1] } },
    '1/sizes': { sizes: { loyal: 3 }, _bucket: 1 },
    '11/sizes': { sizes: { loyal: 4, new: 1 }, _bucket: 11 },
  });
  expect(found).toEqual({
    '2026-01': { month: '2026-01', counts: { email: [2, 1, 2], sms: [5], chat: [0, 1] } },
    sizes: { sizes: { loyal: 7, new: 1 } },
  });
});

it('drops what has come down to nothing', async () => {
  const found = await sums({
    '0/2026-01': { month: '2026-01', counts: { email: [1, 0] } },
    '1/2026-01': { month: '2026-01', counts: { email: [-1, 0] } },
    '0/2026-02': { month: '2026-02', counts: { email: [0, 1] } },
  });
  expect(found).toEqual({ '2026-02': { month: '2026-02', counts: { email: [0, 1] } } });
});
