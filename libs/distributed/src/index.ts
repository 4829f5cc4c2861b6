export * from './distributed';
export * from './promote';
export { PromoteError } from './promote-steps';
export type { PromotePhase, PromoteStep } from './promote-steps';
export type { LogEquality, PromoteProof, VaultEquality } from './promote-proof';
