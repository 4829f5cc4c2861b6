import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeServers, removeComposeServers } from './docker';
import type { EngineServer } from './engine-server';
import { startEventStore } from './eventstoredb/start';
import { startKafka } from './kafka/start';
import { startMongoDB } from './mongodb/start';
import { started } from './started';

const ENGINES: Readonly<Record<string, { start: () => Promise<EngineServer>; variable: string }>> = {
  eventstoredb: { start: startEventStore, variable: 'TEST_EVENTSTORE_URL' },
  kafka: { start: startKafka, variable: 'TEST_KAFKA_BROKERS' },
  mongodb: { start: startMongoDB, variable: 'TEST_MONGODB_URL' },
};

/**
 * Starts the servers that the specs need: all of them, or those that TEST_ENGINES names, parted by commas. One whose
 * address is given already is used as it is. Where there is Docker, the compose file's; else Kafka and MongoDB from
 * package registries and EventStoreDB's double.
 */
export default async function startEngines(): Promise<void> {
  // Journeys take the ledger of four roles then.
  process.env['TEST_TOPOLOGY'] = 'distributed';
  const wanted = process.env['TEST_ENGINES']?.split(',') ?? Object.keys(ENGINES);
  const missing = Object.entries(ENGINES).filter(
    ([name, { variable }]) => wanted.includes(name) && process.env[variable] === undefined,
  );
  const composed = missing.length === Object.keys(ENGINES).length ? composeServers() : undefined;
  if (composed !== undefined) {
    Object.assign(process.env, composed);
    started.push({ stop: async () => removeComposeServers() });
  }
  // A real EventStoreDB is one ledger's: all journeys of a run share it, with its root key.
  if (process.env['TEST_EVENTSTORE_URL'] !== undefined) {
    process.env['TEST_SHARED_LEDGER'] = mkdtempSync(join(tmpdir(), 'touchstone-shared-'));
  }
  await Promise.all(
    missing.map(async ([, { start, variable }]) => {
      if (process.env[variable] !== undefined) return;
      const server = await start();
      started.push(server);
      process.env[variable] = server.address;
    }),
  );
}
