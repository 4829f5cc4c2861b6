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

export const IS_DISTRIBUTED = process.env['TEST_TOPOLOGY'] === 'distributed';

/** Of a journey. */
export const JOURNEY_TIMEOUT_MS = IS_DISTRIBUTED ? 180_000 : 60_000;

/** Of a number that shows what embedded engines bear, a share that four processes and three servers bear on one machine. */
export function scaled(count: number): number {
  return IS_DISTRIBUTED ? count / 5 : count;
}

/** The standalone server; under `npm run test:engines` the four roles on EventStoreDB, Kafka and MongoDB. */
export function startLedger(): Promise<LedgerUnderTest> {
  return IS_DISTRIBUTED ? DistributedServer.start() : Server.start();
}
