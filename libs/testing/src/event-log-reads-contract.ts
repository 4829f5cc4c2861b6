import type { EventLog, StoredRecord } from '#libs/core';
import { eventually } from './engine-under-test';
import { appendTo, bytesOf, fill, keyOf, nextUuid, readWhole, streamOf } from './opaque-records';

type LogOf = () => EventLog;

export function reading(log: LogOf): void {
  it('reads a stream from a revision on, at most the limit', async () => {
    const sent = (await fill(log(), streamOf(1), 10)).map(bytesOf);
    await fill(log(), streamOf(2), 3);
    const read = async (from: number, limit: number): Promise<unknown> =>
      (await log().readStream(streamOf(1), from, limit)).map(bytesOf);
    expect(await read(0, 100)).toEqual(sent);
    expect(await read(0, 3)).toEqual(sent.slice(0, 3));
    expect(await read(3, 4)).toEqual(sent.slice(3, 7));
    expect(await read(9, 5)).toEqual(sent.slice(9));
    expect(await read(10, 5)).toEqual([]);
  });

  it('reads the ledger after a position, in order, every record once', async () => {
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        [1, 2, 3, 4].map((stream) => appendTo(log(), streamOf(stream), round * 2 - 1, {}, {})),
      );
    }
    const all = await readWhole(log());
    expect(all).toHaveLength(40);
    const positions = all.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
    expect((await readWhole(log(), 7)).map(bytesOf)).toEqual(all.map(bytesOf));
    expect((await log().readAll(positions[19] ?? 0, 5)).map(({ position }) => position)).toEqual(
      positions.slice(20, 25),
    );
    expect(await log().readAll(positions[39] ?? 0, 5)).toEqual([]);
    expect(await log().lastPosition()).toBe(positions[39]);
    for (const stream of [1, 2, 3, 4]) {
      const revisions = all.filter((record) => record.stream === streamOf(stream)).map(({ rev }) => rev);
      expect(revisions).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
  });

  it('shows what was acknowledged at once, with its position', async () => {
    for (let rev = 0; rev < 20; rev++) {
      const result = await appendTo(log(), streamOf(1), rev - 1, {});
      const head = await log().head(streamOf(1));
      expect({ outcome: 'appended', positions: [head?.position] }).toEqual(result);
      expect(head?.rev).toBe(rev);
    }
  });

  it('has nothing of what is not there', async () => {
    expect(await log().lastPosition()).toBe(0);
    expect(await log().readAll(0, 10)).toEqual([]);
    expect(await log().streams(undefined, 10)).toEqual({ items: [] });
    expect(await log().readStream(streamOf(1), 0, 10)).toEqual([]);
    expect(await log().head(streamOf(1))).toBeUndefined();
    expect(await log().locate([])).toEqual([]);
    expect(await log().locate([nextUuid(), keyOf('none'), nextUuid()])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('names every stream once, page by page, with its revision', async () => {
    const expected = Array.from({ length: 11 }, (_, i) => ({ stream: streamOf(i), revision: i % 3 }));
    await Promise.all(expected.map(({ stream, revision }) => fill(log(), stream, revision + 1)));
    for (const limit of [1, 4, 11, 100]) {
      const seen: { stream: string; revision: number }[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await log().streams(cursor, limit);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items);
        if (page.next === undefined) break;
        cursor = page.next;
      }
      const byName = seen.toSorted((a, b) => (a.stream < b.stream ? -1 : 1));
      expect(byName).toEqual(expected);
    }
  });
}

export function finding(log: LogOf): void {
  it('finds events by id and by key, in the order asked, unknown and repeated ones too', async () => {
    const ids = Array.from({ length: 120 }, nextUuid);
    const changes = ids.map((id, i) => ({ id, ...(i % 2 === 0 ? { key: keyOf(`key ${i}`) } : {}) }));
    await fill(log(), streamOf(2), 1);
    await appendTo(log(), streamOf(1), -1, ...changes);
    const asked = ids.flatMap((id, i) => [id, keyOf(`key ${i}`)]).toReversed();
    asked.push(ids[7] ?? '', nextUuid());
    const at = (revision: number) => ({ stream: streamOf(1), revision });
    const expected = ids.flatMap((_, i) => [at(i), i % 2 === 0 ? at(i) : undefined]).toReversed();
    expect(await log().locate(asked)).toEqual([...expected, at(7), undefined]);
  });

  it('tells the latest event that carries the state of one; a mention carries none', async () => {
    const [first, second] = [nextUuid(), nextUuid()];
    const about = (target: string, role: 'state' | 'mention') => ({ about: { target, role } });
    await appendTo(log(), streamOf(1), -1, { id: first }, { id: second });
    const states = async (): Promise<unknown> =>
      (await log().locate([first, second])).map((found) => found?.state);
    expect(await states()).toEqual([undefined, undefined]);
    await appendTo(log(), streamOf(1), 1, about(first, 'state'), about(first, 'mention'));
    expect(await states()).toEqual([2, undefined]);
    await appendTo(
      log(),
      streamOf(1),
      3,
      about(second, 'mention'),
      about(first, 'state'),
      about(second, 'state'),
    );
    expect(await states()).toEqual([5, 6]);
  });

  it('knows an event that is about one of the same append', async () => {
    const id = nextUuid();
    await appendTo(log(), streamOf(1), -1, { id }, { about: { target: id, role: 'state' } });
    expect(await log().locate([id])).toEqual([{ stream: streamOf(1), revision: 0, state: 1 }]);
  });
}

/** A follower that keeps what it is given until it is aborted. */
class Follower {
  readonly records: StoredRecord[] = [];
  readonly #stop = new AbortController();
  readonly ended: Promise<void>;

  constructor(log: EventLog, after: number) {
    this.ended = this.#run(log, after);
  }

  async #run(log: EventLog, after: number): Promise<void> {
    for await (const records of log.follow(after, this.#stop.signal)) this.records.push(...records);
  }

  async has(count: number): Promise<void> {
    await eventually(`${count} records followed`, () => this.records.length >= count);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

export function following(log: LogOf): void {
  it('catches up after a position, then follows what is appended', async () => {
    await fill(log(), streamOf(1), 5);
    const [, second] = await log().readAll(0, 2);
    const follower = new Follower(log(), second?.position ?? 0);
    await follower.has(3);
    await fill(log(), streamOf(2), 2);
    await follower.has(5);
    await appendTo(log(), streamOf(1), 4, {});
    await follower.has(6);
    await follower.stop();
    const expected = (await readWhole(log())).slice(2);
    expect(follower.records.map(bytesOf)).toEqual(expected.map(bytesOf));
    expect(follower.records.map(({ position }) => position)).toEqual(
      expected.map(({ position }) => position),
    );
  });

  it('misses nothing and repeats nothing while many append', async () => {
    const follower = new Follower(log(), 0);
    const write = async (stream: string): Promise<void> => {
      for (let rev = 0; rev < 12; rev++) await appendTo(log(), stream, rev - 1, {});
    };
    await Promise.all(Array.from({ length: 20 }, (_, i) => write(streamOf(i))));
    await follower.has(240);
    await follower.stop();
    expect(follower.records.map(({ id }) => id)).toEqual((await readWhole(log())).map(({ id }) => id));
  });

  it('ends when the signal aborts: caught up, before it began, and while its consumer is busy', async () => {
    await fill(log(), streamOf(1), 1);
    const caughtUp = new Follower(log(), 0);
    await caughtUp.has(1);
    await caughtUp.stop();

    const aborted: StoredRecord[] = [];
    for await (const records of log().follow(0, AbortSignal.abort())) aborted.push(...records);
    expect(aborted).toEqual([]);

    const busy = new AbortController();
    const batches: number[] = [];
    for await (const records of log().follow(0, busy.signal)) {
      batches.push(records.length);
      busy.abort();
      await fill(log(), streamOf(2), 1);
    }
    expect(batches).toEqual([1]);
  });

  it('stalls nobody when its consumer stops reading', async () => {
    const stop = new AbortController();
    const stalled = log().follow(0, stop.signal)[Symbol.asyncIterator]();
    await fill(log(), streamOf(1), 3);
    const first = await stalled.next();
    expect(first.done).toBe(false);
    const follower = new Follower(log(), 0);
    for (let i = 2; i < 30; i++) await fill(log(), streamOf(i), 1);
    await follower.has(31);
    await follower.stop();
    stop.abort();
    await stalled.return?.();
  });
}
