export * from './data-directory';
export * from './embedded-engines';
export * from './log/embedded-event-feed';
export { engineVersions, ForeignFileError } from './sqlite';
export { FILES, StorageService } from './storage-service';
export { inlineStorage, StorageThread } from './storage-thread';
export { EmbeddedDocumentStore } from './documents/store';
export type { EmbeddedDocumentsOptions } from './documents/store';
