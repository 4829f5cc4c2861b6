import { EmbeddedDirectory, eventFeedContract, eventLogContract, STORAGES } from '#libs/testing';
import { EmbeddedEventFeed } from './embedded-event-feed';

for (const kind of STORAGES) {
  eventLogContract(`embedded, ${kind}`, async () => new EmbeddedDirectory(kind).part(({ log }) => log), {
    redactedBlobs: 'dropped',
  });
}

eventFeedContract('embedded', async () =>
  new EmbeddedDirectory().part(({ log }) => ({ log, feed: new EmbeddedEventFeed(log, 'ledger-1') })),
);
