export * from './all';
export { loyaltyAnswer } from './loyalty';
export { purchaseEntries } from './purchases';
export { segmentsAnswer } from './segments';
export { wordsOf } from './words';
