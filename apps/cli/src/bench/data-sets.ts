import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Ledger, Running } from './bench';
import { postLines, streamBulk } from './bulk-stream';
import { caughtUp, lagOf } from './lag';
import { MemoryWatch } from './memory';
import { activateModel, fitModel } from './model';
import type { Sizes } from './sizes';
import { perSecond } from './statistics';
import { storyLines } from './story';

const PROGRESS_EVERY_MS = 5_000;
/** Written beside the data when a ledger is full, so that a kept one is found again. */
const FILLED = 'filled.json';

export interface FillReport {
  readonly ratePerSecond: number;
  readonly elapsedMs: number;
  readonly lagAtEnd: number;
  readonly catchUpMs: number;
  readonly memory: ReturnType<MemoryWatch['stop']>;
}

interface Filled extends Ledger {
  /** Missing where an earlier run has filled it. */
  readonly report?: FillReport;
}

/** The two filled ledgers that several figures look at, each filled when first asked for, once. */
export class DataSets {
  readonly #filled = new Map<string, Promise<Filled>>();

  constructor(private readonly bench: Bench) {}

  large(): Promise<Filled> {
    return this.#ask('large', { events: this.bench.sizes.largeEvents, withSource: false });
  }

  small(): Promise<Filled> {
    return this.#ask('small', { events: this.bench.sizes.smallEvents, withSource: true });
  }

  #ask(name: string, what: { events: number; withSource: boolean }): Promise<Filled> {
    let filled = this.#filled.get(name);
    if (filled === undefined) {
      filled = this.#fill(name, what);
      this.#filled.set(name, filled);
    }
    return filled;
  }

  async #fill(
    name: string,
    { events, withSource }: { events: number; withSource: boolean },
  ): Promise<Filled> {
    const { bench } = this;
    const ledger = bench.ledger(`${name}-${events}`);
    const mark = join(ledger.directory, '..', FILLED);
    const stories = storiesFor(events, bench.sizes);
    const filled = `${JSON.stringify({ events, stories })}\n`;
    if (existsSync(mark) && readFileSync(mark, 'utf8') === filled) return ledger;
    // Half of a fill that was interrupted is of no use, nor is what an earlier benchmark filled with less.
    rmSync(mark, { force: true });
    rmSync(ledger.directory, { recursive: true, force: true });
    const running = await bench.start(ledger);
    try {
      const memory = new MemoryWatch(running.server);
      const startedMs = performance.now();
      let saidMs = startedMs;
      const { elapsedMs } = await streamBulk({
        target: running,
        count: events,
        customers: bench.sizes.customers,
        firstLine: 1,
        withSource,
        onSent: (sent) => {
          const nowMs = performance.now();
          if (nowMs - saidMs < PROGRESS_EVERY_MS) return;
          saidMs = nowMs;
          bench.say(`  ${sent} of ${events} touchpoints, ${perSecond(sent, nowMs - startedMs)}/s`);
        },
      });
      const used = memory.stop();
      const lagAtEnd = await lagOf(running);
      bench.say(
        `  filled at ${perSecond(events, elapsedMs)}/s, projections catch up with ${lagAtEnd} events`,
      );
      const catchUpMs = await caughtUp(running);
      await this.#tellStories(running, stories);
      writeFileSync(mark, filled);
      const ratePerSecond = perSecond(events, elapsedMs);
      return { ...ledger, report: { ratePerSecond, elapsedMs, lagAtEnd, catchUpMs, memory: used } };
    } finally {
      await running.close();
    }
  }
  /** After the touchpoints, whose figures it leaves as they are: something for every read model to fold. */
  async #tellStories(running: Running, customers: number): Promise<void> {
    const { bench } = this;
    const lines = Array.from({ length: customers }, (_, customer) => storyLines(customer)).flat();
    const { elapsedMs } = await postLines(running, lines);
    bench.say(
      `  ${lines.length} purchases, answers and complaints at ${perSecond(lines.length, elapsedMs)}/s`,
    );
    await caughtUp(running);
    const { modelId } = await fitModel(running);
    await activateModel(running, modelId);
  }
}

/** As many customers with a story to a touchpoint in the small ledger as in the large one, else their costs would not compare. */
export function storiesFor(
  events: number,
  { customers, largeEvents }: Pick<Sizes, 'customers' | 'largeEvents'>,
): number {
  return Math.max(1, Math.round((customers * events) / largeEvents));
}
