export * from './distributed';
export * from './promote';
export { PromoteError } from './promote-steps';
export type { PromoteStep } from './promote-steps';
