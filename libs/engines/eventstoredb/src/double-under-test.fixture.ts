import { pause } from '#libs/core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogIndex } from '#libs/core';
import { EventStoreDouble } from '../../../../test/engines/eventstoredb/event-store-double';
import { linkEventStore } from './connection';
import type { Links } from './connection';
import { EventStoreLog } from './eventstore-log';
import { InMemoryLogIndex } from './in-memory-log-index.fixture';
import type { Timings } from './timings';

/** Everything that an append waits for, short enough for a test to see the end of it. */
export const BRIEF: Timings = {
  attemptMs: 300,
  landsWithinMs: 400,
  settleMs: 6_000,
  claimFreshMs: 100,
  claimHeldMs: 700,
};

/** A double in this process for each test, and logs over it. */
export class DoubleUnderTest {
  readonly index = new InMemoryLogIndex();
  readonly #links: Links[] = [];
  readonly #logs: EventStoreLog[] = [];

  private constructor(
    public double: EventStoreDouble,
    private readonly directory: string,
  ) {}

  static async start(): Promise<DoubleUnderTest> {
    const directory = mkdtempSync(join(tmpdir(), 'touchstone-double-'));
    return new DoubleUnderTest(await EventStoreDouble.start({ directory }), directory);
  }

  /** Ends the server at once, and starts it again at the same address over what it left. */
  async restartAfter(awayMs: number): Promise<void> {
    const port = Number(new URL(this.double.address).port);
    await this.double.stop();
    await pause(awayMs);
    this.double = await EventStoreDouble.start({ port, directory: this.directory });
  }

  links(address = this.double.address): Links {
    const links = linkEventStore(address);
    this.#links.push(links);
    return links;
  }

  /** A log with connections of its own, as another process has them. */
  log(timings: Partial<Timings> = {}, index: LogIndex = this.index, address?: string): EventStoreLog {
    const log = new EventStoreLog(this.links(address), index, { ...BRIEF, ...timings });
    this.#logs.push(log);
    return log;
  }

  /** Counts the appends that reach the server from now on. */
  appendsAsked(): () => number {
    const { faults } = this.double;
    const take = faults.takeAppendFault.bind(faults);
    let count = 0;
    faults.takeAppendFault = (stream) => {
      count++;
      return take(stream);
    };
    return () => count;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#logs.map((log) => log.settled()));
    await Promise.all(this.#links.map((links) => links.close()));
    await this.double.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
