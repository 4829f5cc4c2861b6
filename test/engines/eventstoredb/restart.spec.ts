import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { startEventStore } from './start';
import { Store } from './store';
import { all, events, NOBODY, typeOfError } from './with-double';

const ANY = { kind: 'any' } as const;
const EMPTY = new Uint8Array(0);
const START_TIMEOUT_MS = 30_000;

const proposed = (id: number) => ({
  id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  type: 'said',
  json: true,
  data: Buffer.from(JSON.stringify({ id })),
  metadata: EMPTY,
});

describe('what is on the disk', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'touchstone-store-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const logOf = (store: Store) => Array.from({ length: store.shown }, (_, i) => store.at(i));

  test('comes back as it was: events, positions, deletes, metadata', async () => {
    const store = new Store({ directory });
    await store.append('a', ANY, [proposed(1), proposed(2)]);
    await store.append('b', ANY, []);
    await store.delete('a', ANY, false);
    await store.append('a', ANY, [proposed(3)]);
    await store.append('c', ANY, [proposed(4)]);
    await store.delete('c', ANY, true);
    const before = logOf(store);
    const { end } = store;
    await store.close();

    const again = new Store({ directory });
    expect(logOf(again)).toEqual(before);
    expect(again.end).toBeGreaterThan(end);
    expect(again.stream('a').firstShown()).toBe(2);
    expect(again.stream('c').last).toBe(Infinity);
    await again.close();
  });

  test('the cache does not come back: any writes twice, an exact revision does not', async () => {
    const store = new Store({ directory });
    await store.append('a', { kind: 'no-stream' }, [proposed(1)]);
    await store.close();
    const again = new Store({ directory });
    const exact = await again.append('a', { kind: 'no-stream' }, [proposed(1)]);
    expect(exact).toMatchObject({ kind: 'written', revision: 0 });
    expect(await again.append('a', ANY, [proposed(1)])).toMatchObject({ kind: 'written', revision: 1 });
    await again.close();
  });

  test.each([
    ['half a head', (file: string) => appendFileSync(file, Buffer.from([9, 0, 0]))],
    ['half a frame', (file: string) => truncateSync(file, readFileSync(file).length - 1)],
    [
      'a frame with a wrong sum',
      (file: string) => {
        const bytes = readFileSync(file);
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        writeFileSync(file, bytes);
      },
    ],
  ])('a torn tail is cut off: %s', async (what, tear) => {
    const store = new Store({ directory });
    await store.append('a', ANY, [proposed(1)]);
    await store.append('a', ANY, [proposed(2)]);
    await store.close();
    tear(join(directory, 'events.log'));

    const left = what === 'half a head' ? 2 : 1;
    const again = new Store({ directory });
    expect(again.stream('a').events).toHaveLength(left);
    await again.append('a', ANY, [proposed(3)]);
    await again.close();
    const after = new Store({ directory });
    expect(after.stream('a').events.map(({ revision }) => revision)).toEqual([...Array(left + 1).keys()]);
    await after.close();
  });
});

test(
  'a process that is killed and restarted at the same address has what it acknowledged',
  async () => {
    const server = await startEventStore();
    const client = EventStoreDBClient.connectionString`${server.address}`;
    try {
      const acknowledged: bigint[] = [];
      const writing = (async () => {
        for (;;) {
          const options = { credentials: NOBODY };
          const { nextExpectedRevision } = await client.appendToStream('a', events(1), options);
          acknowledged.push(nextExpectedRevision);
          if (acknowledged.length === 50) void server.kill();
        }
      })();
      expect(await typeOfError(writing)).toMatch(/unavailable|cancelled/);
      await server.restart();
      const kept = await all(client.readStream('a'));
      expect(kept.length).toBeGreaterThanOrEqual(acknowledged.length);
      // At most the one that was under way stands beside what was acknowledged.
      expect(kept.length - acknowledged.length).toBeLessThanOrEqual(1);
    } finally {
      await client.dispose();
      await server.stop();
    }
  },
  START_TIMEOUT_MS,
);

test(
  'a paused process is told by its silence, and goes on',
  async () => {
    const server = await startEventStore();
    const client = EventStoreDBClient.connectionString`${server.address}`;
    try {
      await client.appendToStream('a', events(1), { credentials: NOBODY });
      server.pause();
      const paused = client.appendToStream('a', events(1), { credentials: NOBODY, deadline: 300 });
      expect(await typeOfError(paused)).toBe('deadline-exceeded');
      server.resume();
      await client.appendToStream('b', events(1), { credentials: NOBODY });
    } finally {
      await client.dispose();
      await server.stop();
    }
  },
  START_TIMEOUT_MS,
);
