export * from './jcs';
export * from './hash';
export * from './envelope';
export * from './sealing';
export * from './wrapping';
export * from './keyed-hashes';
export * from './record';
export * from './api-key';
