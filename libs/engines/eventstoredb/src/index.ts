export { eventStoreReady, linkEventStore } from './connection';
export type { Links } from './connection';
export * from './eventstore-log';
export * from './genesis';
export * from './history-watch';
