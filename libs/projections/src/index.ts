export * from './all';
export { addDecimals } from './decimal';
export { wordsOf } from './words';
