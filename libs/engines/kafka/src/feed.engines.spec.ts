import { eventFeedContract } from '#libs/testing';
import { FedTopic } from '../../../../test/engines/kafka/fed-topic';

/** Joining a group and making a topic take their time. */
jest.setTimeout(60_000);

const brokers = [process.env['TEST_KAFKA_BROKERS'] ?? ''];

eventFeedContract('kafka', async () => {
  const fed = new FedTopic({ brokers });
  const open = async () => {
    await fed.open();
    return { log: fed.log, feed: fed.feed() };
  };
  return {
    open,
    reopen: async () => {
      await fed.close();
      return open();
    },
    dispose: () => fed.dispose(),
  };
});
