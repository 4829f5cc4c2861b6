import { eventLogContract } from '#libs/testing';
import { EventStoreUnderTest } from './eventstore-under-test.fixture';

const address = process.env['TEST_EVENTSTORE_URL'] ?? '';

eventLogContract('eventstoredb', () => Promise.resolve(new EventStoreUnderTest(address)), {
  redactedBlobs: 'kept',
});
