import { eventually } from '#libs/testing';
import { CheckpointedConsumer, EffectStore } from '../../../../test/engines/kafka/checkpointed-consumer';
import { appendRecords, FedTopic, streamOf } from '../../../../test/engines/kafka/fed-topic';
import { startKafka } from '../../../../test/engines/kafka/start';
import { CATCHING_UP } from './place';

jest.setTimeout(240_000);

const STREAMS = 400;
const EACH = 50;
const ALL = STREAMS * EACH;
const DEADLINE_MS = 120_000;

/** With a broker of its own, which it may kill. */
describe('kafka, killed and started again', () => {
  it('loses nothing and keeps the order of every stream, for relay and consumer', async () => {
    const broker = await startKafka();
    const fed = new FedTopic({ brokers: [broker.address] });
    try {
      await fed.openLog();
      const streams = Array.from({ length: STREAMS }, (_, i) => streamOf(i));
      await Promise.all(streams.map((stream) => appendRecords(fed.log, stream, EACH)));
      await fed.startRelay();
      const store = new EffectStore();
      const consumer = new CheckpointedConsumer(store);
      // Not so fast that it has all before the broker dies; and from the topic, not from the log.
      consumer.before = async ({ checkpoint }) => {
        if (checkpoint.topicId === CATCHING_UP) throw new Error('the topic lacks something');
        await new Promise((resolve) => setTimeout(resolve, 20));
      };
      consumer.start(fed.feed());
      for (const reached of [ALL / 4, ALL / 2]) {
        await eventually(
          `${reached} published`,
          () => (fed.relay.checkpoint?.sequence ?? 0) >= reached,
          DEADLINE_MS,
        );
        await broker.kill();
        expect(fed.relay.checkpoint?.sequence).toBeLessThan(ALL);
        await broker.restart();
      }
      await eventually('all is published', () => fed.published(), DEADLINE_MS);
      await consumer.until('all effects', () => store.effects === ALL);
      await consumer.stop();
      expect([store.effects, store.gaps]).toEqual([ALL, 0]);

      const again = new EffectStore();
      const reader = new CheckpointedConsumer(again);
      reader.before = consumer.before;
      await reader.take(fed.feed(), ALL);
      expect([again.effects, again.gaps]).toEqual([ALL, 0]);
      expect([...again.heads.values()]).toEqual(Array(STREAMS).fill(EACH - 1));
    } finally {
      await fed.dispose();
      await broker.stop();
    }
  });
});
