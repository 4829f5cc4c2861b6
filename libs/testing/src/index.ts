export type { DocumentStoreUnderTest } from './document-bench';
export { documentStoreContract } from './document-store-contract';
