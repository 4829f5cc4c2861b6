import type { Checkpoint, DocumentGroup, StoredRecord } from '#libs/core';
import { customerStream, EngineError } from '#libs/core';
import { projections } from '#libs/projections';
import {
  accepted,
  annotate,
  buy,
  byEmail,
  correct,
  redact,
  reportStatus,
  say,
  TestLedger,
  withMethods,
} from '#libs/testing';
import { FencedError, GroupProjector } from './group-projector';

let test: TestLedger;
let records: readonly StoredRecord[];
let customers: readonly string[];

beforeEach(async () => {
  test = await TestLedger.open();
  const run = async (...[command]: Parameters<typeof test.ledger.execute>) =>
    (await accepted(test.ledger.execute(command))).receipt;
  const first = await run(say(byEmail('a@x.com'), { subject: 'Hello', content: 'first words' }));
  const other = await run(say(byEmail('b@x.com'), { content: 'other words' }));
  await run(reportStatus(first.eventId));
  await run(correct(first.eventId, { channel: 'voice', content: 'second words' }));
  await run(annotate(first.eventId, 'a note'));
  await run(buy(byEmail('a@x.com')));
  await run(redact(other.eventId));
  await run(say(byEmail('b@x.com'), { content: 'the last words' }));
  records = await test.log.readAll(0, 100);
  customers = [first.customerId, other.customerId];
});
afterEach(() => test.dispose());

const at = (offset: number): Checkpoint => ({ topicId: 'topic', offset, position: offset });
const end = (expected: number | undefined, next: number) => ({
  partition: 0,
  expected: expected === undefined ? undefined : at(expected),
  next: at(next),
});
const groupOf = (id: string): Promise<DocumentGroup> => test.store().open(id, projections);
const projectorOf = (group: DocumentGroup): GroupProjector =>
  new GroupProjector({
    group,
    projections,
    log: test.log,
    keyring: test.keyring(),
    feed: { bucketOf: () => 0 },
  });

async function contents(group: DocumentGroup): Promise<unknown> {
  const all = await Promise.all(projections.map(({ name }) => group.scan(name, undefined, 1_000)));
  const progress = await group.progress(customers.map(customerStream));
  return { documents: Object.fromEntries(all.map((list, i) => [projections[i]?.name, list])), progress };
}

/** What the records give when they are delivered once, in order, in one batch. */
async function wholeAtOnce(): Promise<unknown> {
  const group = await groupOf('whole');
  expect(await projectorOf(group).apply(records, end(undefined, 1))).toBe(records.length);
  return contents(group);
}

describe('a batch', () => {
  it('makes documents that carry their customer, revision and position, and progress with them', async () => {
    const group = await groupOf('g1');
    await projectorOf(group).apply(records, end(undefined, 1));
    const [profile] = await group.getMany('profile', [customers[0] ?? '']);
    const last = records.findLast(({ stream }) => stream === customerStream(customers[0] ?? ''));
    expect(profile).toMatchObject({
      byChannel: { voice: 1 },
      purchaseCount: 1,
      _customer: customers[0],
      _revision: last?.rev,
      _position: last?.position,
    });
    const [touchpoint] = await group.getMany('timeline', [records[1]?.id ?? '']);
    expect(touchpoint).toMatchObject({
      content: 'second words',
      channel: 'voice',
      status: 'delivered',
      _revision: 4,
    });
    expect(await group.progress([customerStream(customers[0] ?? '')])).toEqual([
      { stream: customerStream(customers[0] ?? ''), revision: last?.rev, position: last?.position },
    ]);
    expect(await group.checkpoint(0)).toEqual(at(1));
  });

  it('may be any part of the log: one by one, in pairs, or all at once', async () => {
    const whole = await wholeAtOnce();
    for (const size of [1, 2, 3]) {
      const group = await groupOf(`by-${size}`);
      const projector = projectorOf(group);
      for (let i = 0; i < records.length; i += size) {
        await projector.apply(records.slice(i, i + size), end(i === 0 ? undefined : i, i + size));
      }
      expect(await contents(group)).toEqual(whole);
    }
  });
});

describe('what was delivered before', () => {
  it('is skipped, also by a projector that has forgotten it', async () => {
    const whole = await wholeAtOnce();
    const group = await groupOf('g1');
    await projectorOf(group).apply(records.slice(0, 6), end(undefined, 1));
    const projector = projectorOf(group);
    expect(await projector.apply(records.slice(2, 8), end(1, 2))).toBe(2);
    expect(await projector.apply(records.slice(0, 8), end(2, 3))).toBe(0);
    expect(await projector.apply([...records, ...records], end(3, 4))).toBe(records.length - 8);
    expect(await contents(group)).toEqual(whole);
  });
});

describe('what was not delivered', () => {
  it('is read from the log', async () => {
    const whole = await wholeAtOnce();
    const group = await groupOf('g1');
    const lasts = customers.map((id) => records.findLast(({ stream }) => stream === customerStream(id)));
    const gapped = lasts.filter((record) => record !== undefined);
    expect(await projectorOf(group).apply(gapped, end(undefined, 1))).toBe(records.length);
    expect(await contents(group)).toEqual(whole);
  });

  it('is read from the log where a stream is delivered backwards', async () => {
    const whole = await wholeAtOnce();
    const group = await groupOf('g1');
    await projectorOf(group).apply(records.toReversed(), end(undefined, 1));
    expect(await contents(group)).toEqual(whole);
  });
});

describe('a second writer', () => {
  it('fences the first, who drops what it knew and can begin again', async () => {
    const whole = await wholeAtOnce();
    const group = await groupOf('g1');
    const [first, second] = [projectorOf(group), projectorOf(group)];
    await first.apply(records.slice(0, 4), end(undefined, 1));
    await second.apply(records.slice(4, 8), end(1, 2));
    await expect(first.apply(records.slice(4), end(1, 3))).rejects.toThrow(FencedError);
    expect(await group.checkpoint(0)).toEqual(at(2));
    expect(await first.apply(records.slice(4), end(2, 3))).toBe(records.length - 8);
    expect(await contents(group)).toEqual(whole);
  });
});

describe('what is forgotten', () => {
  // A partition that is assigned makes all be forgotten, and batches of others are on their way then. Such a batch once
  // took a customer that it had known for a new one, and counted what it had counted.
  it('in the middle of a batch is not folded again', async () => {
    const whole = await wholeAtOnce();
    const group = await groupOf('g1');
    const projector = projectorOf(group);
    await projector.apply(records.slice(0, 4), end(undefined, 1));
    const applying = projector.apply(records.slice(4), end(1, 2));
    projector.forget();
    expect(await applying).toBe(records.length - 4);
    expect(await contents(group)).toEqual(whole);
  });
});

describe('a failing batch', () => {
  it('leaves nothing behind, and may be given again', async () => {
    const whole = await wholeAtOnce();
    const group = await groupOf('g1');
    let away = false;
    const commit: DocumentGroup['commit'] = async (batch) => {
      if (away) throw new EngineError('the disk is full');
      return group.commit(batch);
    };
    const projector = projectorOf(withMethods(group, { commit }));
    await projector.apply(records.slice(0, 3), end(undefined, 1));
    const before = await contents(group);
    away = true;
    await expect(projector.apply(records.slice(3), end(1, 2))).rejects.toThrow('the disk is full');
    expect(await contents(group)).toEqual(before);
    expect(await group.checkpoint(0)).toEqual(at(1));
    away = false;
    await projector.apply(records.slice(3), end(1, 2));
    expect(await contents(group)).toEqual(whole);
  });

  it('names a revision that the log does not have', async () => {
    const projector = projectorOf(await groupOf('g1'));
    const [record] = records;
    const ghost = {
      ...record,
      stream: customerStream('01930000-0000-7000-8000-00000000dead'),
      rev: 3,
    } as StoredRecord;
    await expect(projector.apply([ghost], end(undefined, 1))).rejects.toThrow(
      'revision 0 of a delivered stream',
    );
  });
});

describe('keys made after the customer was first seen', () => {
  // Keyring caches a customer's row; a key that another process or thread made since is taken for a destroyed one,
  // so the projector folds the event without its sealed fields, for good, and a rebuild by the same keyring agrees.
  it('open what they sealed', async () => {
    const group = await groupOf('g1');
    const projector = projectorOf(group);
    await accepted(test.ledger.execute(say(byEmail('c@x.com'))));
    const before = await test.log.readAll(records.at(-1)?.position ?? 0, 100);
    await projector.apply(before, end(undefined, 1));
    const { receipt } = await accepted(
      test.ledger.execute(say(byEmail('c@x.com'), { content: 'needs the first service key' })),
    );
    await projector.apply(await test.log.readAll(before.at(-1)?.position ?? 0, 100), end(1, 2));
    const [document] = await group.getMany('timeline', [receipt.eventId]);
    expect(document).toMatchObject({ content: 'needs the first service key' });
  });
});
