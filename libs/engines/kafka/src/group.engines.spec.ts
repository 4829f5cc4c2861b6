import type { Consumer } from 'kafkajs';
import { EngineError } from '#libs/core';
import type { FeedConsumer } from '#libs/core';
import { withMethods } from '#libs/testing';
import { CheckpointedConsumer, EffectStore } from '../../../../test/engines/kafka/checkpointed-consumer';
import { appendRecords, FedTopic, streamOf } from '../../../../test/engines/kafka/fed-topic';
import { administer, connect } from './connection';
import { FeedRun } from './feed-run';

jest.setTimeout(120_000);

const connection = { brokers: [process.env['TEST_KAFKA_BROKERS'] ?? ''] };
const STREAMS = 100;
const EACH = 20;

describe('kafka event feed, in a group', () => {
  let fed: FedTopic;
  let store: EffectStore;
  beforeEach(async () => {
    fed = new FedTopic(connection);
    await fed.open();
    store = new EffectStore();
  });
  afterEach(() => fed.dispose());

  const fill = async (round: number): Promise<void> => {
    const streams = Array.from({ length: STREAMS }, (_, i) => streamOf(i));
    await Promise.all(streams.map((stream) => appendRecords(fed.log, stream, EACH, round * EACH - 1)));
  };
  const outcome = () => ({ effects: store.effects, gaps: store.gaps, streams: store.heads.size });
  const complete = (rounds: number) => ({ effects: STREAMS * EACH * rounds, gaps: 0, streams: STREAMS });

  it('shares the partitions; when one leaves, the other has them all, and nothing is lost', async () => {
    const [one, two] = [new CheckpointedConsumer(store), new CheckpointedConsumer(store)];
    // Slow enough that partitions move while batches are being delivered.
    const slow = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
    one.before = two.before = slow;
    await fill(0);
    one.start(fed.feed());
    await one.until('the first has all partitions', () => one.partitions.size === 12);
    const filling = (async () => {
      for (let round = 1; round <= 8; round++) await fill(round);
    })();
    two.start(fed.feed());
    await two.until('the second has its half', () => two.partitions.size === 6 && two.delivered > 0);
    one.partitions.clear();
    await two.stop();
    two.partitions.clear();
    await filling;
    await one.until('everything', () => store.effects === STREAMS * EACH * 9);
    expect(one.partitions.size).toBe(12);
    await one.stop();
    expect(outcome()).toEqual(complete(9));
  });

  it('goes on where a member is that was overtaken: nobody ends, nothing is lost', async () => {
    const [one, two] = [new CheckpointedConsumer(store), new CheckpointedConsumer(store)];
    await fill(0);
    let overtaken = 0;
    one.before = async (batch) => {
      const known = store.checkpoints.get(batch.partition);
      if (known === undefined || overtaken === 3) return;
      // As a member does that had the partition before and commits late.
      overtaken += 1;
      store.commit(known, batch);
    };
    one.start(fed.feed());
    await one.until('the first round', () => store.effects === STREAMS * EACH);
    await fill(1);
    two.start(fed.feed());
    await one.until('the second round', () => store.effects === 2 * STREAMS * EACH);
    await Promise.all([one.stop(), two.stop()]);
    expect(outcome()).toEqual(complete(2));
    expect(overtaken).toBe(3);
    expect(one.fenced).toBeGreaterThanOrEqual(3);
  });

  it('ends with a fault of the engine where the driver ends while a place is looked for', async () => {
    const kafka = connect(connection);
    const made: Consumer[] = [];
    const keeping = withMethods(kafka, {
      consumer: (options) => {
        const driver = kafka.consumer(options);
        made.push(driver);
        return driver;
      },
    });
    const member = new CheckpointedConsumer(store);
    // As the driver does by itself when it crashes: it says so only when it is over.
    const consumer: FeedConsumer = withMethods<FeedConsumer>(member, {
      checkpoint: async (partition) => {
        await Promise.all(made.map((driver) => driver.stop()));
        return member.checkpoint(partition);
      },
    });
    const { topic, log } = fed;
    const source = {
      kafka: keeping,
      topic,
      log,
      groupId: `${topic.name}-${member.name}`,
      relay: async () => fed.relay.checkpoint,
    };
    // The feed waits until the group has a coordinator, a run of its own does not.
    await fill(0);
    await member.take(fed.feed(), STREAMS * EACH);
    const running = new FeedRun(source, consumer).run(new AbortController().signal);
    await expect(running).rejects.toThrow(EngineError);
    await expect(running).rejects.toThrow('reading');
  });

  it.each([
    ['what the consumer can’t', new TypeError('a fold')],
    ['a fault of another engine', new EngineError('the database is away')],
  ])('ends with %s as it is', async (_what, fault) => {
    const member = new CheckpointedConsumer(store);
    const consumer: FeedConsumer = withMethods<FeedConsumer>(member, {
      checkpoint: () => Promise.reject(fault),
    });
    await expect(fed.feed().run(consumer, new AbortController().signal)).rejects.toBe(fault);
  });

  it('shows Kafka how far it is, for dashboards', async () => {
    const consumer = new CheckpointedConsumer(store);
    await fill(0);
    await consumer.take(fed.feed(), STREAMS * EACH);
    const groupId = `${fed.topic.name}-${consumer.name}`;
    const committed = async (): Promise<number> => {
      const [topic] = await administer(connect(connection), 'reading offsets', (admin) =>
        admin.fetchOffsets({ groupId, topics: [fed.topic.name] }),
      );
      return (topic?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
    };
    // The last commit is made when a run ends.
    expect(await committed()).toBe(STREAMS * EACH);
  });
});
