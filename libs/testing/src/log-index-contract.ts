import type { HeldKey, IndexEntry, LogIndex } from '#libs/core';
import { withEngine } from './engine-under-test';
import type { EngineUnderTest } from './engine-under-test';
import { keyOf, streamOf, uuidOf } from './opaque-records';

const ANNA = streamOf(1);
const BERT = streamOf(2);

/** Event `number` of a stream, by default with no key. */
const entry = (number: number, change: Partial<IndexEntry> = {}): IndexEntry => {
  return { eventId: uuidOf(number), stream: ANNA, revision: number, ...change };
};
const keyed = (number: number, key: string, change: Partial<IndexEntry> = {}): IndexEntry => {
  return entry(number, { key: keyOf(key), ...change });
};
const held = ({ key = '', stream, revision }: IndexEntry, confirmed = false): HeldKey => {
  return { key, stream, revision, confirmed };
};
const place = ({ stream, revision }: IndexEntry, confirmed = false) => ({ stream, revision, confirmed });

type IndexOf = () => LogIndex;

/** Held to by every `LogIndex`. */
export function logIndexContract(name: string, make: () => Promise<EngineUnderTest<LogIndex>>): void {
  describe(`${name}: log index`, () => {
    withEngine(make, (index, reopened) => {
      describe('reserve', () => reserving(index));
      describe('take', () => taking(index));
      describe('confirm and forget', () => settling(index));
      describe('states', () => findingStates(index));
      describe('streams', () => listingStreams(index));

      it('has everything again when it is opened anew', async () => {
        const about = { target: uuidOf(1), role: 'state' } as const;
        await index().reserve([keyed(0, 'a'), entry(1), entry(2, { about })]);
        await index().confirm([entry(1)]);
        const again = await reopened();
        expect(await again.reserve([keyed(5, 'a')])).toEqual([held(keyed(0, 'a'))]);
        expect(await again.find([keyOf('a'), uuidOf(1), uuidOf(2)])).toEqual([
          place(entry(0)),
          place(entry(1), true),
          place(entry(2)),
        ]);
        expect(await again.states([uuidOf(1)])).toEqual([entry(2, { about })]);
        expect(await again.streams(undefined, 10)).toEqual({ items: [ANNA] });
      });
    });
  });
}

function reserving(index: IndexOf): void {
  it('notes entries, found by id and by key', async () => {
    expect(await index().reserve([])).toEqual([]);
    expect(await index().reserve([entry(0), keyed(1, 'a')])).toEqual([]);
    const found = await index().find([keyOf('a'), uuidOf(0), uuidOf(9), uuidOf(1), keyOf('b'), uuidOf(0)]);
    expect(found).toEqual([
      place(entry(1)),
      place(entry(0)),
      undefined,
      place(entry(1)),
      undefined,
      place(entry(0)),
    ]);
    expect(await index().find([])).toEqual([]);
  });

  it('answers the keys that are held, and notes every other entry', async () => {
    await index().reserve([keyed(0, 'a'), keyed(1, 'b')]);
    await index().confirm([keyed(1, 'b')]);
    const late = [keyed(10, 'a', { stream: BERT }), keyed(11, 'c'), keyed(12, 'b'), entry(13)];
    const answer = await index().reserve(late);
    expect(answer.toSorted((a, b) => a.revision - b.revision)).toEqual([
      held(keyed(0, 'a')),
      held(keyed(1, 'b'), true),
    ]);
    expect(await index().find([10, 11, 12, 13].map(uuidOf))).toEqual([
      undefined,
      place(entry(11)),
      undefined,
      place(entry(13)),
    ]);
  });

  it('claims a key for the first of two entries of one call', async () => {
    expect(await index().reserve([keyed(0, 'a'), keyed(1, 'a')])).toEqual([held(keyed(0, 'a'))]);
    expect(await index().find([uuidOf(0), uuidOf(1)])).toEqual([place(entry(0)), undefined]);
  });

  it('changes nothing where an entry is noted twice, whose key is its own', async () => {
    const entries = [entry(0), keyed(1, 'a')];
    await index().reserve(entries);
    await index().confirm([entry(0)]);
    expect(await index().reserve([...entries, keyed(2, 'b')])).toEqual([]);
    expect(await index().find([uuidOf(0), keyOf('a'), keyOf('b')])).toEqual([
      place(entry(0), true),
      place(entry(1)),
      place(entry(2)),
    ]);
  });

  it('has the later place of an event that is reserved anew elsewhere', async () => {
    await index().reserve([keyed(3, 'a')]);
    const moved = keyed(3, 'a', { revision: 8 });
    expect(await index().reserve([moved])).toEqual([]);
    await index().confirm([moved]);
    expect(await index().find([uuidOf(3), keyOf('a')])).toEqual([place(moved, true), place(moved, true)]);
  });

  it('gives a key that many ask for at once to one of them', async () => {
    const rivals = Array.from({ length: 24 }, (_, i) => [keyed(100 + i, 'a'), entry(200 + i)]);
    const answers = await Promise.all(rivals.map((entries) => index().reserve(entries)));
    const winners = rivals.filter((_, i) => answers[i]?.length === 0).map(([first]) => first);
    expect(winners).toHaveLength(1);
    const [winner = entry(0)] = winners;
    for (const answer of answers)
      expect(answer.length === 0 || answer).toEqual(answer.length === 0 || [held(winner)]);
    expect(await index().find([keyOf('a')])).toEqual([place(winner)]);
    const others = await index().find(rivals.map((_, i) => uuidOf(200 + i)));
    expect(others.filter((found) => found === undefined)).toEqual([]);
  });

  it('takes thousands at once', async () => {
    const entries = Array.from({ length: 2_500 }, (_, i) => (i % 2 === 0 ? keyed(i, `key ${i}`) : entry(i)));
    expect(await index().reserve(entries)).toEqual([]);
    await index().confirm(entries);
    const references = entries.map(({ key, eventId }) => key ?? eventId);
    expect(await index().find(references)).toEqual(entries.map((one) => place(one, true)));
  });
}

function taking(index: IndexOf): void {
  it('moves a key, and notes the entry', async () => {
    await index().reserve([keyed(0, 'a')]);
    const later = keyed(7, 'a', { stream: BERT });
    expect(await index().take(held(keyed(0, 'a')), later)).toBe(true);
    expect(await index().find([keyOf('a'), uuidOf(7)])).toEqual([place(later), place(later)]);
    expect(await index().take(held(keyed(0, 'a')), keyed(8, 'a'))).toBe(false);
    expect(await index().reserve([keyed(0, 'a')])).toEqual([held(later)]);
  });

  it('moves no confirmed key', async () => {
    await index().reserve([keyed(0, 'a')]);
    await index().confirm([keyed(0, 'a')]);
    for (const confirmed of [true, false]) {
      expect(await index().take(held(keyed(0, 'a'), confirmed), keyed(7, 'a'))).toBe(false);
    }
    expect(await index().find([keyOf('a')])).toEqual([place(entry(0), true)]);
  });

  it('lets one of many takers win', async () => {
    await index().reserve([keyed(0, 'a')]);
    const takers = Array.from({ length: 12 }, (_, i) => keyed(100 + i, 'a'));
    const taken = await Promise.all(takers.map((taker) => index().take(held(keyed(0, 'a')), taker)));
    const winners = takers.filter((_, i) => taken[i]);
    expect(winners).toHaveLength(1);
    expect(await index().find([keyOf('a')])).toEqual(winners.map((winner) => place(winner)));
  });
}

function settling(index: IndexOf): void {
  it('confirms what is noted, and notes what is not', async () => {
    await index().reserve([entry(0), keyed(1, 'a')]);
    await index().confirm([entry(0), keyed(1, 'a'), keyed(2, 'b'), entry(3)]);
    const references = [uuidOf(0), keyOf('a'), keyOf('b'), uuidOf(2), uuidOf(3)];
    const numbers = [0, 1, 2, 2, 3];
    expect(await index().find(references)).toEqual(numbers.map((number) => place(entry(number), true)));
    await index().confirm([]);
  });

  it('gives a key to the event that is in the log, from one that is not', async () => {
    await index().reserve([keyed(0, 'a')]);
    await index().confirm([keyed(5, 'a'), entry(6)]);
    expect(await index().find([keyOf('a'), uuidOf(5), uuidOf(6)])).toEqual(
      [5, 5, 6].map((number) => place(entry(number), true)),
    );
  });

  it('never moves a confirmed key', async () => {
    await index().confirm([keyed(0, 'a')]);
    await index().confirm([keyed(5, 'a'), entry(6)]);
    expect(await index().find([keyOf('a'), uuidOf(5), uuidOf(6)])).toEqual(
      [0, 5, 6].map((number) => place(entry(number), true)),
    );
  });

  it('forgets entries, but not who holds their keys', async () => {
    const entries = [entry(0), keyed(1, 'a'), entry(2), keyed(3, 'b')];
    await index().reserve(entries);
    await index().confirm([keyed(3, 'b')]);
    await index().forget([0, 1, 2, 3, 99].map(uuidOf));
    await index().forget([]);
    expect(await index().find([0, 1, 2, 3].map(uuidOf))).toEqual([
      undefined,
      undefined,
      undefined,
      place(entry(3), true),
    ]);
    expect(await index().reserve([keyed(9, 'a')])).toEqual([held(keyed(1, 'a'))]);
    expect(await index().take(held(keyed(1, 'a')), keyed(9, 'a'))).toBe(true);
    expect(await index().find([keyOf('a')])).toEqual([place(entry(9))]);
  });

  it('remembers an event again that is in the log after all', async () => {
    await index().reserve([keyed(1, 'a'), entry(2)]);
    await index().forget([uuidOf(1), uuidOf(2)]);
    await index().confirm([keyed(1, 'a'), entry(2)]);
    expect(await index().find([uuidOf(1), keyOf('a'), uuidOf(2)])).toEqual(
      [1, 1, 2].map((number) => place(entry(number), true)),
    );
  });
}

function findingStates(index: IndexOf): void {
  const about = (number: number, target: number, role: 'state' | 'mention' | 'redaction'): IndexEntry =>
    entry(number, { about: { target: uuidOf(target), role } });

  it('finds entries that carry an event’s state, confirmed or not, and no others', async () => {
    const states = [about(2, 0, 'state'), about(3, 0, 'state'), about(4, 1, 'state')];
    await index().reserve([entry(0), entry(1), about(5, 0, 'mention'), about(6, 0, 'redaction')]);
    await index().reserve(states.slice(0, 2));
    await index().confirm(states.slice(1));
    const found = await index().states([0, 1, 9].map(uuidOf));
    expect(found.toSorted((a, b) => a.revision - b.revision)).toEqual(states);
    expect(await index().states([uuidOf(1)])).toEqual([states[2]]);
    expect(await index().states([])).toEqual([]);
  });

  it('tells their keys, and forgets them', async () => {
    const state = { ...about(2, 0, 'state'), key: keyOf('a') };
    await index().reserve([state, about(3, 0, 'state')]);
    await index().forget([uuidOf(3)]);
    expect(await index().states([uuidOf(0)])).toEqual([state]);
    await index().forget([uuidOf(2)]);
    expect(await index().states([uuidOf(0)])).toEqual([]);
  });
}

function listingStreams(index: IndexOf): void {
  it('lists the streams that ever began, in pages of a stable order', async () => {
    const streams = Array.from({ length: 23 }, (_, i) => streamOf(i)).toSorted();
    const firsts = streams.map((stream, i) => entry(i, { stream, revision: 0 }));
    await index().reserve(firsts.toReversed());
    await index().reserve([entry(99, { stream: streamOf(99), revision: 4 })]);
    // Three began twice: one event of each never came, or came later than the other.
    await index().reserve([0, 7, 22].map((i) => entry(100 + i, { stream: streams[i] ?? '', revision: 0 })));
    await index().forget([uuidOf(5)]);
    for (const limit of [1, 5, 22, 23, 24]) {
      const listed: string[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await index().streams(cursor, limit);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        listed.push(...page.items);
        cursor = page.next;
        if (cursor === undefined) break;
      }
      expect(listed).toEqual(streams);
    }
    expect(await index().streams(undefined, 23)).not.toHaveProperty('next');
  });

  it('lists nothing where nothing began', async () => {
    expect(await index().streams(undefined, 10)).toEqual({ items: [] });
  });
}
