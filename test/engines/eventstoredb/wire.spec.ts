import { randomUUID } from 'node:crypto';
import { jsonEvent } from '@eventstore/db-client';
import { credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import {
  AppendReq,
  BatchAppendReq,
  BatchAppendResp,
  DeleteReq,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb';
import { MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { GossipClient } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb';
import { DoubleUnderTest, events, eventually, NOBODY } from './with-double';

const STREAM = 'customer-1';
const MIB = 1_048_576;

const identifier = new StreamIdentifier().setStreamName(Buffer.from(STREAM));

/** What the client hides: exact messages and trailers. */
describe('on the wire', () => {
  const under = new DoubleUnderTest();
  let streams: StreamsClient;
  beforeEach(() => {
    streams = new StreamsClient(new URL(under.double.address).host, credentials.createInsecure());
  });
  afterEach(() => streams.close());

  interface Proposal {
    readonly id: UUID;
    readonly properties?: Readonly<Record<string, string>>;
  }
  const JSON_PROPERTIES = { type: 'said', 'content-type': 'application/json' };

  function append({ id, properties = JSON_PROPERTIES }: Proposal): Promise<ServiceError | null> {
    return new Promise((resolve) => {
      const call = streams.append((error) => resolve(error));
      const options = new AppendReq.Options().setStreamIdentifier(identifier).setAny(new Empty());
      call.write(new AppendReq().setOptions(options));
      const message = new AppendReq.ProposedMessage().setId(id).setData(Buffer.from('{}'));
      for (const [name, value] of Object.entries(properties)) message.getMetadataMap().set(name, value);
      call.write(new AppendReq().setProposedMessage(message));
      call.end();
    });
  }

  const read = (uuids: ReadReq.Options.UUIDOption): Promise<readonly ReadResp[]> =>
    new Promise((resolve, reject) => {
      const options = new ReadReq.Options()
        .setStream(new ReadReq.Options.StreamOptions().setStreamIdentifier(identifier).setStart(new Empty()))
        .setCount('10')
        .setNoFilter(new Empty())
        .setUuidOption(uuids);
      const responses: ReadResp[] = [];
      streams
        .read(new ReadReq().setOptions(options))
        .on('data', (response: ReadResp) => responses.push(response))
        .on('error', reject)
        .on('end', () => resolve(responses));
    });

  test('ids come in any case or as two halves, and go out as they are asked for', async () => {
    const text = 'FEDCBA98-7654-4210-8123-456789ABCDEF';
    const most = BigInt.asIntN(64, 0xfedcba9876544210n);
    const least = BigInt.asIntN(64, 0x8123456789abcdefn);
    const halves = new UUID.Structured()
      .setMostSignificantBits(String(most))
      .setLeastSignificantBits(String(least));
    expect(await append({ id: new UUID().setString(text) })).toBeNull();
    expect(await append({ id: new UUID().setStructured(halves) })).toBeNull();
    const asText = await read(new ReadReq.Options.UUIDOption().setString(new Empty()));
    const ids = asText.map((response) => response.getEvent()?.getEvent()?.getId()?.getString());
    // With "any" the same id of the same stream is written once.
    expect(ids).toEqual([text.toLowerCase()]);
    const [asHalves] = await read(new ReadReq.Options.UUIDOption().setStructured(new Empty()));
    expect(asHalves?.getEvent()?.getEvent()?.getId()?.getStructured()?.toObject()).toEqual(halves.toObject());
  });

  test('created is in ticks, content types are two', async () => {
    const properties = { type: 'said', 'content-type': 'application/json; charset=utf-8', created: '1' };
    await append({ id: new UUID().setString(randomUUID()), properties });
    const [response] = await read(new ReadReq.Options.UUIDOption().setString(new Empty()));
    const metadata = response?.getEvent()?.getEvent()?.getMetadataMap();
    expect(metadata?.get('content-type')).toBe('application/octet-stream');
    expect(Math.abs(Number(metadata?.get('created')) / 10_000 - Date.now())).toBeLessThan(60_000);
  });

  test.each([
    ['a zero id', { id: new UUID().setString('00000000-0000-0000-0000-000000000000') }],
    ['no id at all', { id: new UUID().setString('x') }],
    [
      'an empty type',
      { id: new UUID().setString(randomUUID()), properties: { ...JSON_PROPERTIES, type: '' } },
    ],
  ])('refuses %s', async (_, proposal) => {
    expect(await append(proposal)).toMatchObject({ code: status.UNKNOWN });
    expect(under.double.store.stream(STREAM).events).toEqual([]);
  });

  test.each(['type', 'content-type'])('requires %s', async (property) => {
    const properties = Object.fromEntries(
      Object.entries(JSON_PROPERTIES).filter(([name]) => name !== property),
    );
    const error = await append({ id: new UUID().setString(randomUUID()), properties });
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(error?.metadata.getMap()).toMatchObject({
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  });

  test('a delete at a wrong revision says so in its trailers', async () => {
    await under.append(STREAM, events(2));
    const options = new DeleteReq.Options().setStreamIdentifier(identifier).setRevision('7');
    const error = await new Promise<ServiceError | null>((resolve) => {
      streams.delete(new DeleteReq().setOptions(options), (failed) => resolve(failed));
    });
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION });
    expect(error?.metadata.getMap()).toMatchObject({
      exception: 'wrong-expected-version',
      'stream-name': STREAM,
      'expected-version': '7',
      'actual-version': '1',
    });
  });

  test('what never was cannot be deleted; a tombstone can stand on nothing', async () => {
    const wrong = { type: 'wrong-expected-version' };
    await expect(under.client.deleteStream(STREAM)).rejects.toMatchObject(wrong);
    await expect(under.client.deleteStream(STREAM, { expectedRevision: 3n })).rejects.toMatchObject(wrong);
    await under.client.tombstoneStream(STREAM, { expectedRevision: 'no_stream' });
    await expect(under.client.tombstoneStream(STREAM)).rejects.toMatchObject({ type: 'stream-deleted' });
  });

  test('one node, which leads', async () => {
    const gossip = new GossipClient(new URL(under.double.address).host, credentials.createInsecure());
    const members = await new Promise<MemberInfo[]>((resolve, reject) => {
      gossip.read(new Empty(), (error, info) => (error ? reject(error) : resolve(info.getMembersList())));
    });
    gossip.close();
    expect(members.map((member) => member.getState())).toEqual([MemberInfo.VNodeState.LEADER]);
  });

  describe('BatchAppend', () => {
    const batch = (correlation: string): BatchAppendReq =>
      new BatchAppendReq().setCorrelationId(new UUID().setString(correlation));
    const optionsOf = (stream: string, deadlineMs = Date.now() + 10_000): BatchAppendReq.Options =>
      new BatchAppendReq.Options()
        .setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from(stream)))
        .setNoStream(new Empty())
        .setDeadline(Timestamp.fromDate(new Date(deadlineMs)));
    function message(type: string): BatchAppendReq.ProposedMessage {
      const proposed = new BatchAppendReq.ProposedMessage().setId(new UUID().setString(randomUUID()));
      proposed.getMetadataMap().set('type', type).set('content-type', 'application/json');
      return proposed;
    }

    function open(): { call: ReturnType<StreamsClient['batchAppend']>; answers: BatchAppendResp[] } {
      const answers: BatchAppendResp[] = [];
      const call = streams.batchAppend();
      call.on('data', (answer: BatchAppendResp) => answers.push(answer)).on('error', () => undefined);
      return { call, answers };
    }

    test('chunks of several appends may be interleaved', async () => {
      const { call, answers } = open();
      const [one, two] = [randomUUID(), randomUUID()];
      call.write(
        batch(one)
          .setOptions(optionsOf('a'))
          .setProposedMessagesList([message('a-0')]),
      );
      call.write(
        batch(two)
          .setOptions(optionsOf('b'))
          .setProposedMessagesList([message('b-0')]),
      );
      call.write(
        batch(one)
          .setProposedMessagesList([message('a-1')])
          .setIsFinal(true),
      );
      call.write(
        batch(two)
          .setProposedMessagesList([message('b-1')])
          .setIsFinal(true),
      );
      await eventually('both are answered', () => answers.length === 2);
      expect(answers.map((answer) => answer.getCorrelationId()?.getString())).toEqual([one, two]);
      expect(answers.map((answer) => answer.getSuccess()?.getCurrentRevision())).toEqual(['1', '1']);
      expect(await under.typesOf('a')).toEqual(['a-0', 'a-1']);
      expect(await under.typesOf('b')).toEqual(['b-0', 'b-1']);
      call.end();
    });

    const detailsOf = (answer: BatchAppendResp | undefined): [number | undefined, string | undefined] => [
      answer?.getError()?.getCode(),
      answer?.getError()?.getDetails()?.getTypeName(),
    ];

    test.each([
      ['has passed', -1_000],
      ['passes before the last chunk', 100],
    ])('a deadline that %s', async (_, inMs) => {
      const { call, answers } = open();
      const options = optionsOf('a', Date.now() + inMs);
      call.write(
        batch(randomUUID())
          .setOptions(options)
          .setProposedMessagesList([message('a-0')]),
      );
      await eventually('it is answered', () => answers.length === 1);
      expect(detailsOf(answers[0])).toEqual([status.DEADLINE_EXCEEDED, 'event_store.client.Timeout']);
      expect(answers[0]?.getStreamIdentifier()?.getStreamName_asB64()).toBe(
        Buffer.from('a').toString('base64'),
      );
      expect(under.double.store.stream('a').events).toEqual([]);
      call.end();
    });

    test('a bad event is refused alone', async () => {
      const { call, answers } = open();
      const bad = new BatchAppendReq.ProposedMessage().setId(new UUID().setString(randomUUID()));
      const good = batch(randomUUID())
        .setOptions(optionsOf('b'))
        .setProposedMessagesList([message('b-0')]);
      call.write(
        batch(randomUUID()).setOptions(optionsOf('a')).setProposedMessagesList([bad]).setIsFinal(true),
      );
      call.write(good.setIsFinal(true));
      await eventually('both are answered', () => answers.length === 2);
      expect(detailsOf(answers[0])).toEqual([status.INVALID_ARGUMENT, 'event_store.client.BadRequest']);
      expect(answers[1]?.hasSuccess()).toBe(true);
      call.end();
    });
  });

  test.each([NOBODY, undefined])('an append over the limit is refused whole (%p)', async (user) => {
    const half = () => jsonEvent({ type: 'said', data: { text: 'x'.repeat(MIB / 2) } });
    const options = user ? { credentials: user } : {};
    const tooLarge = under.client.appendToStream(STREAM, [half(), half()], options);
    await expect(tooLarge).rejects.toMatchObject({
      type: 'maximum-append-size-exceeded',
      maxAppendSize: MIB,
    });
    expect(under.double.store.stream(STREAM).events).toEqual([]);
  });
});
