export { eventStoreReady, linkEventStore } from './connection';
export type { Links } from './connection';
export * from './eventstore-log';
export * from './history-watch';
