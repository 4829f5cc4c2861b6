import { BACKWARDS, binaryEvent, END, jsonEvent, START } from '@eventstore/db-client';
import type { Position } from '@eventstore/db-client';
import { all, bulkyEvents, DoubleUnderTest, event, events, typeOfError } from './with-double';

const STREAM = 'customer-1';
const JUST_NOW_MS = 60_000;

describe('reading a stream', () => {
  const under = new DoubleUnderTest();
  const revisions = async (...args: Parameters<typeof under.client.readStream>): Promise<number[]> =>
    (await all(under.client.readStream(...args))).map((read) => Number(read.event?.revision));

  test('an event reads back as it was appended', async () => {
    const id = 'AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE';
    const bytes = Buffer.from([0, 255, 7]);
    const appended = await under.append(STREAM, [
      jsonEvent({ id, type: 'json', data: { a: ['ü'] }, metadata: { b: 'c' } }),
      binaryEvent({ type: 'binary', data: bytes, metadata: bytes }),
    ]);
    const [json, binary] = await all(under.client.readStream(STREAM));
    expect(json?.event).toMatchObject({
      id: id.toLowerCase(),
      streamId: STREAM,
      revision: 0n,
      type: 'json',
      isJson: true,
      data: { a: ['ü'] },
      metadata: { b: 'c' },
    });
    expect(Math.abs((json?.event?.created.getTime() ?? 0) - Date.now())).toBeLessThan(JUST_NOW_MS);
    expect(binary?.event).toMatchObject({ revision: 1n, isJson: false, position: appended.position });
    expect(Buffer.from(binary?.event?.data as Uint8Array)).toEqual(bytes);
    expect(Buffer.from(binary?.event?.metadata as Uint8Array)).toEqual(bytes);
  });

  test('forwards and backwards, with limits', async () => {
    await under.append(STREAM, events(5));
    expect(await revisions(STREAM)).toEqual([0, 1, 2, 3, 4]);
    expect(await revisions(STREAM, { fromRevision: 3n })).toEqual([3, 4]);
    expect(await revisions(STREAM, { fromRevision: START, maxCount: 2 })).toEqual([0, 1]);
    expect(await revisions(STREAM, { fromRevision: 9n })).toEqual([]);
    expect(await revisions(STREAM, { direction: BACKWARDS, fromRevision: END })).toEqual([4, 3, 2, 1, 0]);
    expect(await revisions(STREAM, { direction: BACKWARDS, fromRevision: 1n })).toEqual([1, 0]);
    expect(await revisions(STREAM, { direction: BACKWARDS, fromRevision: 9n, maxCount: 1 })).toEqual([4]);
  });

  test('a stream that never was, a deleted one and a tombstoned one', async () => {
    const failing = all(under.client.readStream(STREAM));
    await expect(failing).rejects.toMatchObject({ type: 'stream-not-found', streamName: STREAM });
    await under.append(STREAM, events(2));
    await under.client.deleteStream(STREAM);
    expect(await typeOfError(all(under.client.readStream(STREAM)))).toBe('stream-not-found');
    await under.client.tombstoneStream(STREAM);
    const tombstoned = all(under.client.readStream(STREAM));
    await expect(tombstoned).rejects.toMatchObject({ type: 'stream-deleted', streamName: STREAM });
  });

  test('metadata hides events of the stream; $all shows them still', async () => {
    await under.append(STREAM, events(5));
    await under.client.setStreamMetadata(STREAM, { truncateBefore: 1, maxCount: 3 });
    expect(await revisions(STREAM)).toEqual([2, 3, 4]);
    expect(await revisions(STREAM, { direction: BACKWARDS, fromRevision: END })).toEqual([4, 3, 2]);
    await under.client.setStreamMetadata(STREAM, { truncateBefore: 5 });
    expect(await revisions(STREAM)).toEqual([]);
    const shown = await all(under.client.readAll());
    expect(shown.filter((read) => read.event?.streamId === STREAM)).toHaveLength(5);
    const { metadata } = await under.client.getStreamMetadata(STREAM);
    expect(metadata).toEqual({ truncateBefore: 5 });
  });

  test('$maxAge hides what is older', async () => {
    await under.double.obey({ do: 'switch', switches: { clockOffsetMs: -JUST_NOW_MS } });
    await under.append(STREAM, events(1, 'old'));
    await under.double.obey({ do: 'switch', switches: { clockOffsetMs: 0 } });
    await under.append(STREAM, events(1, 'new'));
    await under.client.setStreamMetadata(STREAM, { maxAge: 30 });
    expect(await under.typesOf(STREAM)).toEqual(['new-0']);
  });

  test('a soft-deleted stream goes on counting, its metadata kept', async () => {
    await under.append(STREAM, events(2, 'old'));
    await under.client.deleteStream(STREAM);
    await under.append(STREAM, events(2, 'new'));
    expect(await revisions(STREAM)).toEqual([2, 3]);
    expect((await under.client.getStreamMetadata(STREAM)).metadata).toEqual({ truncateBefore: 2 });
  });

  test('links are followed where that is asked for', async () => {
    await under.append(STREAM, [event('linked')]);
    await under.append('links', [
      binaryEvent({ type: '$>', data: Buffer.from(`0@${STREAM}`) }),
      binaryEvent({ type: '$>', data: Buffer.from('7@gone') }),
    ]);
    const [raw] = await all(under.client.readStream('links'));
    expect(raw?.event?.type).toBe('$>');
    const [resolved, broken] = await all(under.client.readStream('links', { resolveLinkTos: true }));
    expect([resolved?.event?.type, resolved?.link?.type]).toEqual(['linked', '$>']);
    expect([broken?.event, broken?.link?.type]).toEqual([undefined, '$>']);
  });
});

describe('reading $all', () => {
  const under = new DoubleUnderTest();
  const read = async (...args: Parameters<typeof under.client.readAll>) =>
    (await all(under.client.readAll(...args))).flatMap(({ event: found }) => (found ? [found] : []));

  async function threeAppends(): Promise<[Position, Position, Position]> {
    const positions: Position[] = [];
    for (const stream of ['a', 'b', 'a']) {
      const { position } = await under.append(stream, [event(`of-${stream}`)]);
      if (position !== undefined) positions.push(position);
    }
    const [first, second, third] = positions;
    if (first === undefined || second === undefined || third === undefined) throw new Error('no position');
    return [first, second, third];
  }

  test('forwards with the event at the position, backwards without it', async () => {
    const [first, second, third] = await threeAppends();
    const at = async (...args: Parameters<typeof read>) =>
      (await read(...args)).map(({ position }) => position);
    expect(await at({ fromPosition: second })).toEqual([second, third]);
    expect(await at({ fromPosition: second, direction: BACKWARDS, maxCount: 1 })).toEqual([first]);
    expect(await at({ fromPosition: END, direction: BACKWARDS, maxCount: 2 })).toEqual([third, second]);
    expect(await at({ fromPosition: END })).toEqual([]);
    expect(await at({ fromPosition: START, direction: BACKWARDS })).toEqual([]);
  });

  test('positions go up with gaps, the same in every way of reading', async () => {
    const [first, second, third] = await threeAppends();
    expect(first.commit).toBe(first.prepare);
    expect(second.commit - first.commit).toBeGreaterThan(1n);
    expect(third.commit).toBeGreaterThan(second.commit);
    const inStream = await all(under.client.readStream('a'));
    expect(inStream.map(({ event: found }) => found?.position)).toEqual([first, third]);
  });

  test('holds system events from the start, and those of deletes', async () => {
    const system = await read();
    expect(system.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['$metadata', '$UserCreated', '$statsCollected']),
    );
    await under.append('a', events(1));
    await under.client.deleteStream('a');
    await under.append('b', events(1));
    await under.client.tombstoneStream('b');
    await under.double.obey({ do: 'write-statistics' });
    const added = (await read()).slice(system.length).map(({ streamId, type }) => [streamId, type]);
    expect(added).toEqual([
      ['a', 'said-0'],
      ['$$a', '$metadata'],
      ['b', 'said-0'],
      ['b', '$streamDeleted'],
      ['$stats-127.0.0.1:2113', '$statsCollected'],
    ]);
  });

  test('a position that the server never gave out fails', async () => {
    const [first] = await threeAppends();
    const fromPosition = { commit: first.commit + 1n, prepare: first.prepare + 1n };
    await expect(read({ fromPosition })).rejects.toMatchObject({ type: 'unknown', code: 2 });
  });

  test('a reader that stops stalls the server, which goes on when it is asked', async () => {
    const many = 160;
    for (let i = 0; i < many / 40; i++) await under.append('a', bulkyEvents(40));
    const reading = under.client.readStream('a');
    const iterator = reading[Symbol.asyncIterator]();
    await iterator.next();
    let taken = 1;
    while ((await iterator.next()).done !== true) taken++;
    expect(taken).toBe(many);
  });
});
