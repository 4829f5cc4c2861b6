export { documentStoreContract } from './document-store-contract';
export { EmbeddedDirectory, STORAGES } from './embedded-directory';
export { eventually } from './engine-under-test';
export { eventFeedContract } from './event-feed-contract';
export { eventLogContract } from './event-log-contract';
export * from './opaque-records';
export { poisoned, SPILLED, withMethods } from './poisoned';
export { logIndexContract } from './log-index-contract';
export { relayCheckpointsContract } from './relay-checkpoints-contract';
export { snapshotsContract } from './snapshots-contract';
export { taskBoardContract } from './task-board-contract';
export { vaultContract } from './vault-contract';
export { accepted, codeOf, FixedClock, seededRandom, TestLedger } from './test-ledger';
export type { Accepted } from './test-ledger';
export {
  annotate,
  buy,
  byEmail,
  correct,
  email,
  link,
  redact,
  register,
  reportStatus,
  say,
  unlink,
} from './commands';
export * from './given-when-then';
export * from './interrupted-store';
export * from './rfm-models';
export { PROJECTION_NAMES, SOMEBODY, VersionsBench } from './versions-bench';
