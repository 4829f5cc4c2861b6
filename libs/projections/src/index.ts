export * from './all';
export { wordsOf } from './words';
