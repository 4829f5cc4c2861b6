import { randomBytes, randomUUID } from 'node:crypto';
import { Partitioners } from 'kafkajs';
import { ownerOf, partitionOf } from '#libs/core';

describe('partition', () => {
  const theirs = Partitioners.DefaultPartitioner();
  const metadata = Array.from({ length: 12 }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 0,
    replicas: [0],
    isr: [0],
  }));
  const chosen = (key: string): number =>
    theirs({ topic: 'topic', partitionMetadata: metadata, message: { key, value: null } });

  it('is the one that the default partitioner chooses, for keys of every length', () => {
    const keys = [
      '',
      '客户',
      'é😀',
      ...Array.from({ length: 1_000 }, () => randomUUID()),
      ...Array.from({ length: 1_000 }, (_, i) => randomBytes(1 + (i % 50)).toString('latin1')),
    ];
    expect(keys.map((key) => partitionOf(key, metadata.length))).toEqual(keys.map(chosen));
    expect(new Set(keys.map((key) => partitionOf(key, metadata.length))).size).toBe(12);
  });

  it('has the customer for a key, and the whole name of other streams', () => {
    expect(ownerOf('customer-01930000-0000-7000-8000-00000000000a')).toBe(
      '01930000-0000-7000-8000-00000000000a',
    );
    expect(ownerOf('campaign-1')).toBe('campaign-1');
  });
});
