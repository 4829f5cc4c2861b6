import { EngineError } from '#libs/core';
import { bytesOf, keyOf, nextUuid, opaqueRecord, streamOf } from '#libs/testing';
import { DoubleUnderTest } from './double-under-test.fixture';
import { entryOf, fromEvent, safeInteger, toEvent } from './event-codec';

let test: DoubleUnderTest;
beforeEach(async () => (test = await DoubleUnderTest.start()));
afterEach(() => test.stop());

// Keys that JavaScript would put into another order, and a name that it would lose.
const env = '{"10":"客户","9":"\\u0000","__proto__":{"a":1},"type":"touchpoint-recorded.v1","v":1}';
const record = opaqueRecord(streamOf(1), 0, {
  env,
  key: keyOf('once'),
  about: { target: nextUuid(), role: 'mention' },
  sealed: { '/identity': Uint8Array.of(0, 1, 255), '/service': new Uint8Array(0) },
});

async function rawEvent() {
  for await (const { event } of test.links().reads.client.readStream(streamOf(1))) return event;
  throw new Error('no event');
}

it('stores the envelope’s bytes as data, its type and id, and string values beside it', async () => {
  await test.log().append({ stream: streamOf(1), expectedRevision: -1, records: [record] });
  const event = await rawEvent();
  expect(Buffer.from(event?.data instanceof Uint8Array ? event.data : []).toString()).toBe(env);
  expect(event).toMatchObject({ id: record.id, type: 'touchpoint-recorded.v1', isJson: false });
  expect(event?.metadata).toEqual({
    leafHash: record.leafHash,
    s: record.tag,
    k: record.key,
    about: `mention ${record.about?.target}`,
    'sealed:/identity': 'AAH/',
    'sealed:/service': '',
  });
});

it('gives back what was appended, and what the index is to know', async () => {
  await test.log().append({ stream: streamOf(1), expectedRevision: -1, records: [record] });
  const event = await rawEvent();
  if (event === undefined) throw new Error('no event');
  const read = fromEvent(event);
  expect(bytesOf(read.record)).toEqual(bytesOf(record));
  expect(read.entry).toEqual(entryOf(record));
  // Not a view into memory that others use.
  for (const blob of Object.values(read.record.sealed)) expect(blob.buffer.byteLength).toBe(blob.length);
});

it('gives an event without a type a name all the same', () => {
  expect(toEvent({ ...record, env: '{}' }).type).toBe('record');
});

it('refuses a position that a number can’t hold', () => {
  expect(safeInteger(BigInt(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => safeInteger(2n ** 53n)).toThrow(EngineError);
  expect(() => safeInteger(2n ** 64n - 1n)).toThrow(EngineError);
});
