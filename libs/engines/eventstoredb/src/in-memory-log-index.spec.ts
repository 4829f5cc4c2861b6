import { logIndexContract } from '#libs/testing';
import { InMemoryLogIndex } from './in-memory-log-index.fixture';

logIndexContract('in memory, for tests', () => {
  const index = new InMemoryLogIndex();
  const same = (): Promise<InMemoryLogIndex> => Promise.resolve(index);
  return Promise.resolve({ open: same, reopen: same, dispose: () => Promise.resolve() });
});
