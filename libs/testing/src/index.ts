export type { DocumentStoreUnderTest } from './document-bench';
export { documentStoreContract } from './document-store-contract';
export { EmbeddedDirectory, STORAGES } from './embedded-directory';
export { eventually } from './engine-under-test';
export { eventFeedContract } from './event-feed-contract';
export { eventLogContract } from './event-log-contract';
export { snapshotsContract } from './snapshots-contract';
export { vaultContract } from './vault-contract';
