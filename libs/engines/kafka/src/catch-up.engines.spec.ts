import { eventually } from '#libs/testing';
import { CheckpointedConsumer, EffectStore } from '../../../../test/engines/kafka/checkpointed-consumer';
import { appendRecords, FedTopic, streamOf } from '../../../../test/engines/kafka/fed-topic';
import { administer, connect } from './connection';
import { CATCHING_UP } from './place';
import { watermarks } from './topic';

jest.setTimeout(120_000);

const connection = { brokers: [process.env['TEST_KAFKA_BROKERS'] ?? ''] };
const kafka = connect(connection);
const STREAMS = 40;
const EACH = 50;

describe('kafka event feed, catching up from the log', () => {
  let fed: FedTopic;
  let store: EffectStore;
  let consumer: CheckpointedConsumer;
  beforeEach(async () => {
    fed = new FedTopic(connection);
    await fed.open();
    store = new EffectStore();
    consumer = new CheckpointedConsumer(store);
  });
  afterEach(() => fed.dispose());

  /** Appends `EACH` records to each stream and waits until they are in the topic. */
  const fill = async (round: number): Promise<void> => {
    const streams = Array.from({ length: STREAMS }, (_, i) => streamOf(i));
    await Promise.all(streams.map((stream) => appendRecords(fed.log, stream, EACH, round * EACH - 1)));
    await eventually('all is published', () => fed.published(), 20_000);
  };
  const all = (rounds: number): number => STREAMS * EACH * rounds;
  const topicIds = (): string[] => [
    ...new Set([...store.checkpoints.values()].map(({ topicId }) => topicId)),
  ];
  /** As retention does it, but at once: everything that the topic holds goes. */
  const forget = async (): Promise<void> => {
    await administer(kafka, 'removing records', async (admin) => {
      const partitions = (await admin.fetchTopicOffsets(fed.topic.name)).map(({ partition, high }) => ({
        partition,
        offset: high,
      }));
      await admin.deleteTopicRecords({ topic: fed.topic.name, partitions });
    });
  };
  const makeAnew = async (): Promise<void> => {
    await fed.stopRelay();
    await administer(kafka, 'removing the topic', (admin) =>
      admin.deleteTopics({ topics: [fed.topic.name] }),
    );
    await eventually('it is gone', async () => (await watermarks(kafka, fed.topic)) === undefined, 10_000);
    await fed.startRelay();
    await eventually('all is published', () => fed.published(), 20_000);
  };
  const outcome = () => ({
    effects: store.effects,
    gaps: store.gaps,
    heads: [...new Set(store.heads.values())],
    streams: store.heads.size,
    topicIds: topicIds(),
  });
  const complete = (rounds: number) => ({
    effects: all(rounds),
    gaps: 0,
    heads: [rounds * EACH - 1],
    streams: STREAMS,
    topicIds: [fed.relay.checkpoint?.topicId],
  });

  it('begins in the log where the topic has lost its beginning', async () => {
    await fill(0);
    await forget();
    await fill(1);
    await consumer.take(fed.feed(), all(2));
    expect(outcome()).toEqual(complete(2));
  });

  it('goes on in the log where its offset is gone', async () => {
    await fill(0);
    await consumer.take(fed.feed(), all(1));
    await fill(1);
    await forget();
    await fill(2);
    await consumer.take(fed.feed(), all(3));
    expect(outcome()).toEqual(complete(3));
    expect(consumer.fenced).toBe(0);
  });

  it('goes on in the log where the topic ends before its offset', async () => {
    await fill(0);
    await consumer.take(fed.feed(), all(1));
    for (const [partition, checkpoint] of store.checkpoints) {
      store.checkpoints.set(partition, { ...checkpoint, offset: checkpoint.offset + 100_000 });
    }
    await fill(1);
    await consumer.take(fed.feed(), all(2));
    expect(outcome()).toEqual(complete(2));
  });

  it('goes on in the log where the topic was made anew while it was away', async () => {
    await fill(0);
    await consumer.take(fed.feed(), all(1));
    const before = topicIds();
    await makeAnew();
    await fill(1);
    await consumer.take(fed.feed(), all(2));
    expect(outcome()).toEqual(complete(2));
    expect(topicIds()).not.toEqual(before);
  });

  it('notices while it runs that the topic was made anew', async () => {
    await fill(0);
    consumer.start(fed.feed());
    await consumer.until('the first round', () => store.effects === all(1));
    await makeAnew();
    await fill(1);
    await consumer.until('the second round', () => store.effects === all(2));
    await consumer.until('the new id everywhere', () => {
      const [id, ...more] = topicIds();
      return more.length === 0 && id === fed.relay.checkpoint?.topicId;
    });
    await consumer.stop();
    expect(outcome()).toEqual(complete(2));
  });

  it('notices while it runs that what it is to read next is gone', async () => {
    await fill(0);
    let held: (() => void) | undefined;
    const released = new Promise<void>((resolve) => (held = resolve));
    consumer.before = () => released;
    consumer.start(fed.feed());
    await consumer.until('it holds a partition', () => consumer.partitions.size > 0);
    await fill(1);
    await forget();
    await fill(2);
    held?.();
    await consumer.until('everything', () => store.effects === all(3));
    await consumer.stop();
    expect(outcome()).toEqual(complete(3));
  });

  it('goes on with a catch-up that was broken off', async () => {
    await fill(0);
    await forget();
    let taken = 0;
    consumer.before = async ({ checkpoint }) => {
      if (checkpoint.topicId === CATCHING_UP && ++taken > 15) throw new Error('enough');
    };
    await expect(fed.feed().run(consumer, new AbortController().signal)).rejects.toThrow('enough');
    expect(store.effects).toBeGreaterThan(0);
    expect(store.effects).toBeLessThan(all(1));
    consumer.before = async () => undefined;
    await consumer.take(fed.feed(), all(1));
    expect(outcome()).toEqual(complete(1));
  });

  it('waits for a topic that is not there yet', async () => {
    const later = new FedTopic(connection);
    await later.openLog();
    expect(await later.feed().ends()).toEqual(new Map());
    consumer.start(later.feed());
    await later.startRelay();
    await appendRecords(later.log, streamOf(1), 3);
    await consumer.until('what came later', () => store.effects === 3);
    await consumer.stop();
    expect([...store.heads]).toEqual([[streamOf(1), 2]]);
    await later.dispose();
  });
});
