import { customerStream, EngineError } from '#libs/core';
import type { Checkpoint, DocumentGroup, EventLog, Progress, Projection, StoredRecord } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { projections } from '#libs/projections';
import { parseEnvelope } from '#libs/trust';
import {
  accepted,
  buy,
  byEmail,
  poisoned,
  say,
  seededRandom,
  SPILLED,
  TestLedger,
  withMethods,
} from '#libs/testing';
import { GroupProjector } from './group-projector';
import { Keyring } from './keyring';

const SECRET = 'a secret that only the customer knows';
const BUCKETS = 3;

let test: TestLedger;
let records: StoredRecord[];
let bert: string;
let batches: number;

beforeEach(async () => {
  test = await TestLedger.open();
  batches = 0;
  records = [];
  await talk('anna', 'first', 'second');
  bert = customerStream(await talk('bert', 'first', SECRET, 'third'));
  await talk('cleo', 'first');
});
afterEach(() => test.dispose());

/** Says these, buys something, and reads the log on. */
async function talk(who: string, ...texts: readonly string[]): Promise<string> {
  for (const content of texts) await accepted(test.ledger.execute(say(byEmail(`${who}@x.com`), { content })));
  const { receipt } = await accepted(test.ledger.execute(buy(byEmail(`${who}@x.com`))));
  records.push(...(await test.log.readAll(records.at(-1)?.position ?? 0, 100)));
  return receipt.customerId;
}

const at = (offset: number): Checkpoint => ({ topicId: 'topic', offset, position: offset });
const next = () => ({
  partition: 0,
  expected: batches === 0 ? undefined : at(batches),
  next: at(++batches),
});
const groupOf = (id: string): Promise<DocumentGroup> => test.store().open(id, projections);
const bucketOf = (stream: string): number => stream.charCodeAt(stream.length - 1) % BUCKETS;

function projectorOf(
  group: DocumentGroup,
  plain: readonly Projection<SeenEvent>[] = projections,
  ports: { readonly log?: EventLog; readonly keyring?: Keyring } = {},
): GroupProjector {
  const { log = test.log, keyring = test.keyring() } = ports;
  return new GroupProjector({ group, projections: plain, log, keyring, feed: { bucketOf } });
}

async function contents(group: DocumentGroup): Promise<Record<string, unknown>> {
  const all = await Promise.all(projections.map(({ name }) => group.scan(name, undefined, 1_000)));
  return Object.fromEntries(all.map((list, i) => [projections[i]?.name, list]));
}

it('parks who has an event that makes a document no engine can keep, and nobody else', async () => {
  // Today's contracts refuse such an order; a ledger may hold one.
  const order = buy(byEmail('bert@x.com'), { orderId: 'A\u00001' });
  await accepted(test.ledger.execute(order));
  await talk('anna', 'after it');
  const all = await test.log.readAll(0, 100);
  const group = await groupOf('g1');
  await projectorOf(group).apply(all, next());
  const [parked, ...others] = await group.parked(undefined, 10);
  expect(parked).toMatchObject({ stream: bert, parked: { reason: expect.stringContaining('purchases') } });
  expect(others).toEqual([]);
  const [ofAnna] = await group.progress([all[0]?.stream ?? '']);
  expect(ofAnna?.parked).toBeUndefined();
  expect(ofAnna?.position).toBe(all.at(-1)?.position);
});

/** The documents that these records give when nothing goes wrong. */
async function made(of: readonly StoredRecord[]): Promise<Record<string, unknown>> {
  const group = await groupOf(`right-${of.length}`);
  await projectorOf(group).apply(of, { partition: 0, expected: undefined, next: undefined });
  return contents(group);
}

async function reached(group: DocumentGroup, stream = bert): Promise<Progress | undefined> {
  return (await group.progress([stream]))[0];
}

/** All records but the customer's from a revision on: what is folded while the customer is parked. */
const before = (revision: number): readonly StoredRecord[] =>
  records.filter(({ stream, rev }) => stream !== bert || rev < revision);
const recordAt = (revision: number): StoredRecord => {
  const found = records.find(({ stream, rev }) => stream === bert && rev === revision);
  if (found === undefined) throw new Error('not there');
  return found;
};
const ofBert = (revision: number) => (one: { stream: string; revision: number }) =>
  one.stream === bert && one.revision === revision;

/** The event that says the secret; before it are the registration and one more. */
const AT = 2;

describe.each([
  ['an own fold', { projection: 'profile', at: ofBert }],
  ['a fold after others of the same event', { projection: 'timeline', at: ofBert }],
  ['a shared fold, after own ones of the same event', { projection: 'contacts', at: ofBert }],
  ['keysOf', { projection: 'timeline', where: 'keysOf', at: ofBert }],
] as const)('a throw of %s', (_what, poison) => {
  let group: DocumentGroup;
  let bad: readonly Projection<SeenEvent>[];
  beforeEach(async () => {
    group = await groupOf('g1');
    bad = poisoned(projections, { ...poison, at: poison.at(AT) });
  });

  it('parks that customer before the event, keeps nothing of it, and holds up nobody else', async () => {
    const projector = projectorOf(group, bad);
    expect(await projector.apply(records, next())).toBe(before(AT).length);
    expect(await contents(group)).toEqual(await made(before(AT)));
    const { env } = recordAt(AT);
    const type = 'touchpoint-recorded.v1';
    expect(await reached(group)).toEqual({
      stream: bert,
      revision: AT - 1,
      position: recordAt(AT - 1).position,
      parked: {
        since: parseEnvelope(env).at,
        reason: `revision ${AT} (${type}), ${poison.projection}: RangeError`,
      },
    });
    expect(JSON.stringify(await group.parked(undefined, 10))).not.toMatch(/secret|spilled|4111/);
    expect(await group.countParked()).toBe(1);
    expect(await group.checkpoint(0)).toEqual(at(1));
  });

  it('has later events wait, whoever delivers them and how often, while those of others are folded', async () => {
    const projector = projectorOf(group, bad);
    await projector.apply(records, next());
    const parked = await reached(group);
    await talk('bert', 'fourth');
    await talk('anna', 'third');
    for (const one of [projector, projectorOf(group, bad), projectorOf(group, projections)]) {
      await one.apply(records, next());
      expect(await one.apply(records, next())).toBe(0);
      expect(await contents(group)).toEqual(await made(before(AT)));
      expect(await reached(group)).toEqual(parked);
    }
    expect(await group.parked(undefined, 10)).toEqual([parked]);
  });

  it('ends in the very documents once it is mended, in order', async () => {
    await projectorOf(group, bad).apply(records, next());
    const [parked] = await group.parked(undefined, 10);
    if (parked === undefined) throw new Error('nobody is parked');
    const end = { partition: 0, expected: at(1), next: at(1) };
    await group.markParked();
    expect(await projectorOf(group, bad).drain(parked, end)).toBe(false);
    expect(await reached(group)).toEqual(parked);
    expect(await group.parked(undefined, 10, 'retry')).toEqual([]);
    expect(await contents(group)).toEqual(await made(before(AT)));
    await talk('bert', 'fourth');
    const mended = projectorOf(group);
    expect(await mended.drain(parked, end)).toBe(true);
    expect(await group.countParked()).toBe(0);
    expect(await mended.apply(records, next())).toBe(0);
    expect(await contents(group)).toEqual(await made(records));
  });
});

describe('a stream of more events than one commit drains', () => {
  it('stays parked and marked until its end, whatever happens on the way', async () => {
    const many = Array.from({ length: 1_200 }, (_, i) => `words ${i}`);
    await talk('bert', ...many.slice(0, 3));
    for (const content of many.slice(3)) {
      await accepted(test.ledger.execute(say(byEmail('bert@x.com'), { content })));
    }
    for (let page = records; page.length > 0; records.push(...page)) {
      page = [...(await test.log.readAll(records.at(-1)?.position ?? 0, 500))];
    }
    const group = await groupOf('g1');
    const bad = poisoned(projections, { projection: 'timeline', at: ofBert(AT) });
    await projectorOf(group, bad).apply(records, next());
    const [parked] = await group.parked(undefined, 10);
    if (parked === undefined) throw new Error('nobody is parked');
    let left = 1;
    const commit: DocumentGroup['commit'] = async (batch) => {
      if (left-- <= 0) throw new EngineError('the process died');
      return group.commit(batch);
    };
    const end = { partition: 0, expected: at(1), next: at(1) };
    await group.markParked();
    await expect(projectorOf(withMethods(group, { commit })).drain(parked, end)).rejects.toThrow('died');
    const [further] = await group.parked(undefined, 10, 'retry');
    expect(further).toEqual({
      ...parked,
      revision: AT - 1 + 500,
      position: expect.any(Number),
      retry: true,
    });
    // Delivered meanwhile: it waits for its turn.
    expect(await projectorOf(group).apply(records.slice(-3), next())).toBe(0);
    const last = { partition: 0, expected: at(2), next: at(2) };
    expect(further && (await projectorOf(group).drain(further, last))).toBe(true);
    expect(await group.countParked()).toBe(0);
    expect(await contents(group)).toEqual(await made(records));
  });

  it('is parked again where it throws once more, further on', async () => {
    await talk('bert', ...Array.from({ length: 600 }, (_, i) => `words ${i}`));
    for (let page = records; page.length > 0; records.push(...page)) {
      page = [...(await test.log.readAll(records.at(-1)?.position ?? 0, 500))];
    }
    const group = await groupOf('g1');
    const bad = (revision: number) => poisoned(projections, { projection: 'timeline', at: ofBert(revision) });
    await projectorOf(group, bad(AT)).apply(records, next());
    const [parked] = await group.parked(undefined, 10);
    const end = { partition: 0, expected: at(1), next: at(1) };
    for (const revision of [AT + 30, AT + 570]) {
      expect(parked && (await projectorOf(group, bad(revision)).drain(parked, end))).toBe(false);
      expect(await reached(group)).toMatchObject({
        revision: revision - 1,
        parked: { reason: `revision ${revision} (touchpoint-recorded.v1), timeline: RangeError` },
      });
      expect(await group.parked(undefined, 10, 'retry')).toEqual([]);
    }
  });
});

describe('an event that can’t be read', () => {
  /** Its customer is parked at it, and why; the others are folded. */
  async function parkedBy(delivered: readonly StoredRecord[]): Promise<unknown> {
    const group = await groupOf('g1');
    await projectorOf(group).apply(delivered, next());
    expect(await contents(group)).toEqual(await made(before(AT)));
    const progress = await reached(group);
    expect(progress?.revision).toBe(AT - 1);
    expect(JSON.stringify(progress)).not.toContain(SECRET);
    const [parked] = await group.parked(undefined, 10);
    // What was delivered is not what the log holds.
    const end = { partition: 0, expected: at(1), next: at(1) };
    expect(parked && (await projectorOf(group).drain(parked, end))).toBe(true);
    expect(await contents(group)).toEqual(await made(records));
    return progress?.parked;
  }
  const delivering = (change: (record: StoredRecord) => Partial<StoredRecord>): readonly StoredRecord[] =>
    records.map((record) => (record === recordAt(AT) ? { ...record, ...change(record) } : record));
  const since = (): string => parseEnvelope(recordAt(AT).env).at;

  it('parks its customer: no envelope', async () => {
    const reason = expect.stringMatching(/^revision 2 \(event\), reading it: envelope: /);
    expect(await parkedBy(delivering(() => ({ env: `{"it":"${SECRET}"}` })))).toEqual({
      since: '',
      reason,
    });
  });

  it('parks its customer: a type that this build does not know', async () => {
    const env = (record: StoredRecord) =>
      record.env.replace('touchpoint-recorded.v1', 'touchpoint-dreamt.v1');
    expect(await parkedBy(delivering((record) => ({ env: env(record) })))).toEqual({
      since: since(),
      reason: 'revision 2 (touchpoint-dreamt.v1), reading it: unknown event type touchpoint-dreamt.v1',
    });
  });

  it('parks its customer: a blob that its key does not open', async () => {
    const spoilt = ({ sealed }: StoredRecord) =>
      Object.fromEntries(
        Object.entries(sealed).map(([path, blob]) => [
          path,
          blob.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
        ]),
      );
    expect(await parkedBy(delivering((record) => ({ sealed: spoilt(record) })))).toEqual({
      since: since(),
      reason: 'revision 2 (touchpoint-recorded.v1), reading it: /service: does not open with its key',
    });
  });
});

describe('what parks nobody', () => {
  it('is a throw that does not repeat', async () => {
    const group = await groupOf('g1');
    let left = 1;
    const once = poisoned(projections, { projection: 'timeline', at: () => left-- > 0 });
    expect(await projectorOf(group, once).apply(records, next())).toBe(records.length);
    expect(await group.countParked()).toBe(0);
    expect(await contents(group)).toEqual(await made(records));
  });

  it.each(['the log', 'the vault', 'the vault, asked for a newer key'])('is a fault of %s', async (what) => {
    const group = await groupOf('g1');
    let away = true;
    const fault = new EngineError('it is away');
    const readStream: EventLog['readStream'] = async (...asked) => {
      if (away && what === 'the log') throw fault;
      return test.log.readStream(...asked);
    };
    const { vault } = test.engines;
    const rows: typeof vault.rows = async (ids) => {
      if (away && what !== 'the log') throw fault;
      return vault.rows(ids);
    };
    const keyring = new Keyring(withMethods(vault, { rows }), test.secrets, seededRandom('another'));
    if (what.includes('newer')) {
      away = false;
      const known = records.map(({ stream }) => stream.slice('customer-'.length));
      await keyring.load([...new Set(known)]);
      // Of another quarter, so of another key.
      test.clock.set('2026-08-03T04:05:06.789Z');
      await talk('bert', 'fourth');
      away = true;
    }
    const projector = projectorOf(group, projections, {
      log: withMethods(test.log, { readStream }),
      keyring,
    });
    // The first of the stream is left out: the gap is filled from the log.
    const delivered = what === 'the log' ? records.slice(1) : records;
    await expect(projector.apply(delivered, { ...next(), expected: undefined })).rejects.toThrow(fault);
    expect(await group.checkpoint(0)).toBeUndefined();
    expect(await reached(group)).toBeUndefined();
    away = false;
    await projector.apply(delivered, { partition: 0, expected: undefined, next: at(1) });
    expect(await group.countParked()).toBe(0);
    expect(await contents(group)).toEqual(await made(records));
  });
});

it('parks one of many in one batch, and the parked one’s shared counts are missing by just its events', async () => {
  const group = await groupOf('g1');
  for (let i = 0; i < 20; i++) await talk(`c${i}`, 'words');
  const bad = poisoned(projections, { projection: 'satisfaction', where: 'keysOf', at: ofBert(0) });
  expect(await projectorOf(group, bad).apply(records, next())).toBe(before(0).length);
  expect(await reached(group)).toMatchObject({ revision: -1, position: 0 });
  expect(await contents(group)).toEqual(await made(before(0)));
  expect(SPILLED).toContain('4111');
});
