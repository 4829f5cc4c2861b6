import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import type {
  AppendExpectedRevision,
  AppendResult,
  ErrorType,
  EventData,
  ResolvedEvent,
} from '@eventstore/db-client';
import { EventStoreDouble } from './event-store-double';
import type { DoubleOptions } from './event-store-double';

/** Long enough for a machine that does other things too. */
const DEADLINE_MS = 20_000;
const TEST_MS = 30_000;
const BULKY_CHARACTERS = 20_000;

/** Both ways of appending: the client takes the first for calls with credentials of their own. */
export const WAYS = ['Append', 'BatchAppend'] as const;
export type Way = (typeof WAYS)[number];

export const NOBODY = { username: 'nobody', password: 'nothing' };

/** A double of its own for each test, and a client of it. */
export class DoubleUnderTest {
  #double: EventStoreDouble | undefined;
  #client: EventStoreDBClient | undefined;

  constructor(options: DoubleOptions = {}) {
    jest.setTimeout(TEST_MS);
    beforeEach(async () => {
      this.#double = await EventStoreDouble.start(options);
      this.#client = EventStoreDBClient.connectionString`${this.#double.address}`;
    });
    afterEach(async () => {
      await this.#double?.stop();
      await this.#client?.dispose();
    });
  }

  get double(): EventStoreDouble {
    if (this.#double === undefined) throw new Error('only within a test');
    return this.#double;
  }

  get client(): EventStoreDBClient {
    if (this.#client === undefined) throw new Error('only within a test');
    return this.#client;
  }

  append(
    stream: string,
    events: EventData[],
    expectedRevision: AppendExpectedRevision = 'any',
    way: Way = 'Append',
  ): Promise<AppendResult> {
    const credentials = way === 'Append' ? { credentials: NOBODY } : {};
    return this.client.appendToStream(stream, events, { expectedRevision, ...credentials });
  }

  /** Types of a stream's events. */
  async typesOf(stream: string): Promise<string[]> {
    const types: string[] = [];
    for await (const { event } of this.client.readStream(stream)) types.push(event?.type ?? '');
    return types;
  }
}

export const event = (type = 'said', id: string = randomUUID()): EventData =>
  jsonEvent({ id, type, data: { of: type } });

export const events = (count: number, type = 'said'): EventData[] =>
  Array.from({ length: count }, (_, i) => event(`${type}-${i}`));

/** Events of which few fill what a connection buffers. */
export const bulkyEvents = (count: number): EventData[] =>
  Array.from({ length: count }, () =>
    jsonEvent({ type: 'bulky', data: { text: 'x'.repeat(BULKY_CHARACTERS) } }),
  );

/** The error's type, by which the client tells one from another. */
export async function typeOfError(failing: Promise<unknown>): Promise<ErrorType | string> {
  try {
    await failing;
  } catch (error) {
    return error instanceof Error && 'type' in error ? String(error.type) : String(error);
  }
  return 'no error';
}

export async function all(reading: AsyncIterable<ResolvedEvent>): Promise<ResolvedEvent[]> {
  const read: ResolvedEvent[] = [];
  for await (const resolved of reading) read.push(resolved);
  return read;
}

export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
