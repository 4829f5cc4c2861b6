import type { Client } from './client';
import { DistributedServer } from './distributed-server';
import { Server } from './server';

/** A ledger that journeys run against, whatever it stands on. */
export interface LedgerUnderTest {
  readonly url: string;
  /** Everything that its processes have written. */
  readonly output: string;
  client(key?: string): Client;
  /** Ends what takes commands, one way or the other, and starts it again over what it left. */
  restart(how: 'stop' | 'kill'): Promise<LedgerUnderTest>;
  dispose(): Promise<void>;
}

/** The standalone server; under `npm run test:engines` the four roles on EventStoreDB, Kafka and MongoDB. */
export function startLedger(): Promise<LedgerUnderTest> {
  return process.env['TEST_TOPOLOGY'] === 'distributed' ? DistributedServer.start() : Server.start();
}
