export * from './command';
export * from './customer';
export * from './touchpoint';
export * from './purchase';
export * from './survey';
export * from './feedback';
export * from './ledger-command';
