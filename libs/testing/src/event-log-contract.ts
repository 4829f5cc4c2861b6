import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppendResult, EventLog } from '#libs/core';
import { withEngine } from './engine-under-test';
import type { EngineUnderTest } from './engine-under-test';
import { finding, following, reading } from './event-log-reads-contract';
import {
  appendTo,
  bytesOf,
  fill,
  keyOf,
  nextUuid,
  opaqueRecord,
  readWhole,
  streamOf,
} from './opaque-records';

export interface EventLogTraits {
  /** Whether the blobs of what is redacted leave the log at once, or stay until their key goes. */
  readonly redactedBlobs: 'dropped' | 'kept';
}

/** Held to by every `EventLog`. */
export function eventLogContract(
  name: string,
  make: () => Promise<EngineUnderTest<EventLog>>,
  traits: EventLogTraits,
): void {
  describe(`${name}: event log`, () => {
    withEngine(make, (log, reopened) => {
      describe('append', () => appending(log));
      describe('keys', () => claiming(log));
      describe('races', () => racing(log));
      describe('bytes', () => keeping(log));
      describe('redaction', () => redacting(log, traits));
      describe('reads', () => reading(log));
      describe('locate', () => finding(log));
      describe('follow', () => following(log));

      it('has everything again when it is opened anew', async () => {
        const records = await fill(log(), streamOf(1), 3);
        await appendTo(log(), streamOf(1), 2, { key: keyOf('once'), id: nextUuid() });
        await appendTo(log(), streamOf(1), 3, { about: { target: records[0]?.id ?? '', role: 'state' } });
        const before = { all: await readWhole(log()), last: await log().lastPosition() };
        const again = await reopened();
        const all = await readWhole(again);
        expect(all.map(bytesOf)).toEqual(before.all.map(bytesOf));
        expect(all.map(({ position }) => position)).toEqual(before.all.map(({ position }) => position));
        expect(await again.lastPosition()).toBe(before.last);
        expect(await again.locate([keyOf('once'), records[0]?.id ?? ''])).toEqual([
          { stream: streamOf(1), revision: 3 },
          { stream: streamOf(1), revision: 0, state: 4 },
        ]);
        expect(await appendTo(again, streamOf(1), 3, {})).toEqual({ outcome: 'conflict', head: 4 });
        expect(await appendTo(again, streamOf(2), -1, { key: keyOf('once') })).toMatchObject({
          outcome: 'duplicate',
        });
        const [position = 0] = positionsOf(await appendTo(again, streamOf(1), 4, {}));
        expect(position).toBeGreaterThan(before.last);
      });
    });
  });
}

type LogOf = () => EventLog;

function positionsOf(result: AppendResult): readonly number[] {
  if (result.outcome !== 'appended') throw new Error(`not appended: ${result.outcome}`);
  return result.positions;
}

function appending(log: LogOf): void {
  it('appends at the exact revision, one position a record, ascending over all streams', async () => {
    const first = positionsOf(await appendTo(log(), streamOf(1), -1, {}, {}));
    const other = positionsOf(await appendTo(log(), streamOf(2), -1, {}));
    const second = positionsOf(await appendTo(log(), streamOf(1), 1, {}, {}, {}));
    const positions = [...first, ...other, ...second];
    expect(positions).toHaveLength(6);
    expect(positions.every((position) => Number.isSafeInteger(position) && position > 0)).toBe(true);
    expect(positions.toSorted((a, b) => a - b)).toEqual(positions);
    expect(new Set(positions).size).toBe(6);
    expect((await log().readStream(streamOf(1), 0, 10)).map(({ rev }) => rev)).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    ['an empty stream that should have one event', -1, 0],
    ['a stream that should be empty', 2, -1],
    ['a stream that has moved on', 2, 1],
    ['a stream that is not there yet', 2, 3],
  ])('answers a conflict with the head for %s', async (_what, head, expected) => {
    if (head >= 0) await fill(log(), streamOf(1), head + 1);
    expect(await appendTo(log(), streamOf(1), expected, {}, {})).toEqual({ outcome: 'conflict', head });
    expect(await log().readStream(streamOf(1), 0, 10)).toHaveLength(head + 1);
  });

  it('leaves a stream that was refused unknown', async () => {
    await appendTo(log(), streamOf(1), 4, {});
    await fill(log(), streamOf(2), 1);
    expect(await log().streams(undefined, 10)).toEqual({ items: [{ stream: streamOf(2), revision: 0 }] });
    expect(await log().head(streamOf(1))).toBeUndefined();
  });

  it('appends a batch as a whole or not at all', async () => {
    await appendTo(log(), streamOf(1), -1, { key: keyOf('taken') });
    const ids = [nextUuid(), nextUuid(), nextUuid()];
    const keys = [{ key: keyOf('new') }, { key: keyOf('taken') }, {}];
    const batch = ids.map((id, i) => ({ id, ...keys[i] }));
    expect(await appendTo(log(), streamOf(2), -1, ...batch)).toEqual({
      outcome: 'duplicate',
      key: keyOf('taken'),
    });
    expect(await log().locate([...ids, keyOf('new')])).toEqual([undefined, undefined, undefined, undefined]);
    expect(await log().head(streamOf(2))).toBeUndefined();
    expect(await readWhole(log())).toHaveLength(1);
  });
}

function claiming(log: LogOf): void {
  const once = { key: keyOf('once') };
  const duplicate = { outcome: 'duplicate', key: keyOf('once') };

  it('takes a key once in the whole ledger', async () => {
    await appendTo(log(), streamOf(1), -1, once);
    expect(await appendTo(log(), streamOf(1), 0, {}, once)).toEqual(duplicate);
    expect(await appendTo(log(), streamOf(2), -1, once)).toEqual(duplicate);
    expect(await log().locate([keyOf('once')])).toEqual([{ stream: streamOf(1), revision: 0 }]);
  });

  it('takes a key once in a request', async () => {
    expect(await appendTo(log(), streamOf(1), -1, once, {}, once)).toEqual(duplicate);
    expect(await log().locate([keyOf('once')])).toEqual([undefined]);
    expect(await appendTo(log(), streamOf(1), -1, {}, once)).toMatchObject({ outcome: 'appended' });
  });

  it('leaves the other keys of a refused request free', async () => {
    await appendTo(log(), streamOf(1), -1, once);
    expect(await appendTo(log(), streamOf(2), -1, { key: keyOf('other') }, once)).toEqual(duplicate);
    expect(await appendTo(log(), streamOf(3), 7, { key: keyOf('third') })).toMatchObject({
      outcome: 'conflict',
    });
    const free = [{ key: keyOf('other') }, { key: keyOf('third') }];
    expect(await appendTo(log(), streamOf(4), -1, ...free)).toMatchObject({ outcome: 'appended' });
  });

  it('gives a key that many ask for at once to one of them', async () => {
    const results = await Promise.all(
      Array.from({ length: 64 }, (_, i) => appendTo(log(), streamOf(i), -1, {}, once)),
    );
    expect(results.filter(({ outcome }) => outcome === 'appended')).toHaveLength(1);
    expect(results.filter(({ outcome }) => outcome === 'duplicate')).toHaveLength(63);
    expect(await readWhole(log())).toHaveLength(2);
  });
}

function racing(log: LogOf): void {
  it('has exactly one winner a revision among 64 writers', async () => {
    const winners: number[] = [];
    const write = async (): Promise<void> => {
      for (let expected = -1; ;) {
        const result = await appendTo(log(), streamOf(1), expected, {});
        if (result.outcome === 'appended') {
          winners.push(expected + 1);
          return;
        }
        if (result.outcome !== 'conflict' || result.head < expected) throw new Error(result.outcome);
        expected = result.head;
      }
    };
    await Promise.all(Array.from({ length: 64 }, write));
    const all = Array.from({ length: 64 }, (_, rev) => rev);
    expect(winners.toSorted((a, b) => a - b)).toEqual(all);
    expect((await log().readStream(streamOf(1), 0, 100)).map(({ rev }) => rev)).toEqual(all);
  });

  it('takes appends to one stream in the order in which they were asked for', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => appendTo(log(), streamOf(1), i - 1, {})),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(20).fill('appended'));
  });

  it('takes many streams at once', async () => {
    const streams = Array.from({ length: 100 }, (_, i) => streamOf(i));
    await Promise.all(
      streams.map(async (stream) => {
        await appendTo(log(), stream, -1, {}, {});
        await appendTo(log(), stream, 1, {});
      }),
    );
    const heads = await Promise.all(streams.map((stream) => log().head(stream)));
    expect(heads.map((head) => head?.rev)).toEqual(Array(100).fill(2));
    const all = await readWhole(log());
    expect(all).toHaveLength(300);
    for (const stream of streams) {
      expect(all.filter((record) => record.stream === stream).map(({ rev }) => rev)).toEqual([0, 1, 2]);
    }
  });
}

interface RecordVector {
  readonly env: { readonly id: string };
  readonly envJcs: string;
  readonly leafHash: string;
  readonly blobs: readonly { readonly class: string; readonly blob: string }[];
}

function keeping(log: LogOf): void {
  const roundTrip = async (change: Parameters<typeof opaqueRecord>[2]): Promise<void> => {
    const record = opaqueRecord(streamOf(1), 0, change);
    await log().append({ stream: streamOf(1), expectedRevision: -1, records: [record] });
    for (const [read] of [await log().readStream(streamOf(1), 0, 1), await log().readAll(0, 1)]) {
      expect(bytesOf(read)).toEqual(bytesOf(record));
      expect(Buffer.from(read?.env ?? '').equals(Buffer.from(record.env))).toBe(true);
    }
  };

  it('keeps the record of revision 3 of the vectors, byte by byte', async () => {
    const path = join(__dirname, '../../../test/vectors/record-vectors.json');
    const { records, s: tag }: { records: readonly RecordVector[]; s: string } = JSON.parse(
      readFileSync(path, 'utf8'),
    );
    const vector = records[3];
    if (vector === undefined) throw new Error('the vectors have no revision 3');
    const sealed = Object.fromEntries(
      vector.blobs.map(({ class: name, blob }) => [name, Buffer.from(blob, 'hex')]),
    );
    expect(Object.keys(sealed)).toHaveLength(1);
    await roundTrip({ id: vector.env.id, env: vector.envJcs, leafHash: vector.leafHash, sealed, tag });
  });

  it('keeps any text, U+0000 as JSON writes it, and any byte', async () => {
    const text = '客户 \u{1f600} e\u0301 é \u2028 \u{10ffff} \ufeff \uffff \u0000 \u001f \u007f "\\\' --%_';
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await roundTrip({
      env: JSON.stringify({ text, [text]: [text] }),
      sealed: { '/identity': all, '/regulated': all },
    });
  });

  it('keeps a record without blobs, and one with all classes', async () => {
    const sealed = ['/identity', '/marketing', '/regulated', '/service'].map((path) => [
      path,
      Buffer.from(path),
    ]);
    await appendTo(log(), streamOf(2), -1, { sealed: {} }, { sealed: Object.fromEntries(sealed) });
    const [none, all] = (await log().readStream(streamOf(2), 0, 2)).map((record) => bytesOf(record)?.sealed);
    expect(none).toEqual({});
    expect(all).toEqual(Object.fromEntries(sealed.map(([path, blob]) => [path, blob?.toString('hex')])));
  });

  it('keeps 300 KB of envelope and of blob', async () => {
    const env = JSON.stringify({ content: '客a'.repeat(75_000) });
    expect(Buffer.byteLength(env)).toBeGreaterThan(300_000);
    const blob = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251);
    await roundTrip({ env, sealed: { '/service': blob } });
  });

  it('keeps the blobs of many records apart', async () => {
    const streams = Array.from({ length: 30 }, (_, i) => streamOf(i));
    const sent = await Promise.all(streams.map((stream) => fill(log(), stream, 3)));
    for (const [i, stream] of streams.entries()) {
      expect((await log().readStream(stream, 0, 3)).map(bytesOf)).toEqual(sent[i]?.map(bytesOf));
    }
  });
}

function redacting(log: LogOf, { redactedBlobs }: EventLogTraits): void {
  it('hides its target and what was said about it, and nothing else', async () => {
    const [target, untouched] = [nextUuid(), nextUuid()];
    const mention = { about: { target, role: 'mention' } } as const;
    const state = { about: { target, role: 'state' } } as const;
    await appendTo(log(), streamOf(1), -1, { id: target }, { id: untouched }, mention, state);
    await appendTo(log(), streamOf(1), 3, { about: { target: untouched, role: 'mention' } });
    const before = (await log().readStream(streamOf(1), 0, 10)).map(bytesOf);
    await appendTo(log(), streamOf(1), 4, { about: { target, role: 'redaction' } }, {});
    const after = (await log().readStream(streamOf(1), 0, 10)).map(bytesOf);
    const hidden = redactedBlobs === 'dropped' ? [0, 2, 3] : [];
    expect(after.slice(0, 5)).toEqual(
      before.map((record, rev) => (hidden.includes(rev) ? { ...record, sealed: {} } : record)),
    );
    expect(after.slice(5).map((record) => Object.keys(record?.sealed ?? {}).length)).toEqual([2, 2]);
    expect((await log().readAll(0, 10)).map(bytesOf)).toEqual(after);
  });

  it('finds target and redaction as before', async () => {
    const target = nextUuid();
    await appendTo(log(), streamOf(1), -1, { id: target, key: keyOf('kept') });
    await appendTo(log(), streamOf(1), 0, { about: { target, role: 'state' } });
    await appendTo(log(), streamOf(1), 1, { about: { target, role: 'redaction' } });
    const place = { stream: streamOf(1), revision: 0 };
    expect(await log().locate([target, keyOf('kept')])).toEqual([{ ...place, state: 1 }, place]);
  });
}
