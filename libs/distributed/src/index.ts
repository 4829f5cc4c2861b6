export * from './distributed';
export { engineVariables } from './engine-addresses';
export type { EngineAddresses, EngineVariables } from './engine-addresses';
export * from './promote';
export { PromoteError } from './promote-steps';
export type { PromoteStep } from './promote-steps';
