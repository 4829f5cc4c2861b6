import { ownerOf, partitionOf } from '#libs/core';
import type { EventLog, StoredRecord } from '#libs/core';

/** The part of a log that a feed reads what its topic has not. */
export type ReadableLog = Pick<EventLog, 'readAll' | 'lastPosition'>;

const PAGE_RECORDS = 500;

/**
 * Reads the log once for all partitions that need it, each after its own position, and gives each its records page by
 * page. Resolves to the position up to which it read: not before the end of the log as it stood when this was called.
 * `take` answers false where the partition is not wanted any more; without any left it ends, with `undefined`.
 */
export async function readLog(
  log: ReadableLog,
  after: ReadonlyMap<number, number>,
  partitions: number,
  take: (partition: number, records: readonly StoredRecord[], position: number) => Promise<boolean>,
): Promise<number | undefined> {
  const wanted = new Map(after);
  const end = await log.lastPosition();
  let position = Math.min(...after.values());
  while (wanted.size > 0) {
    const page = await log.readAll(position, PAGE_RECORDS);
    const last = page.at(-1);
    if (last === undefined) return Math.max(position, end);
    position = last.position;
    await Promise.all(
      [...byPartition(page, wanted, partitions)].map(async ([partition, records]) => {
        if (!(await take(partition, records, last.position))) wanted.delete(partition);
      }),
    );
    if (position >= end) return position;
  }
  return undefined;
}

function byPartition(
  page: readonly StoredRecord[],
  wanted: ReadonlyMap<number, number>,
  partitions: number,
): ReadonlyMap<number, readonly StoredRecord[]> {
  const split = new Map<number, StoredRecord[]>();
  for (const record of page) {
    const partition = partitionOf(ownerOf(record.stream), partitions);
    const after = wanted.get(partition);
    if (after === undefined || record.position <= after) continue;
    const list = split.get(partition);
    if (list === undefined) split.set(partition, [record]);
    else list.push(record);
  }
  return split;
}
