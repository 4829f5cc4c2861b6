export * from './satisfaction';
export * from './rfm';
export * from './loyalty';
