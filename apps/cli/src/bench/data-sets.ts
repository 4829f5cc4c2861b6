import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#libs/core';
import type { Bench, Ledger } from './bench';
import { streamBulk } from './bulk-stream';
import { caughtUp, lagOf } from './lag';
import { MemoryWatch } from './memory';
import { perSecond } from './statistics';

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
    if (existsSync(mark)) return ledger;
    // Half of a fill that was interrupted is of no use.
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
      writeFileSync(mark, `${JSON.stringify({ events })}\n`);
      const ratePerSecond = perSecond(events, elapsedMs);
      return { ...ledger, report: { ratePerSecond, elapsedMs, lagAtEnd, catchUpMs, memory: used } };
    } finally {
      await running.close();
    }
  }
}

/** Bulk at full speed, measured while the large ledger is filled. */
export async function measureBulk(bench: Bench, sets: DataSets): Promise<void> {
  const { customers, smallEvents, largeEvents } = bench.sizes;
  const { report } = await sets.large();
  if (report === undefined) {
    bench.say('  the ledger was kept from an earlier run, so there is nothing to measure');
    return;
  }
  const size: JsonObject = { events: largeEvents, customers, bytes: 600 };
  const { ratePerSecond, elapsedMs, memory, lagAtEnd, catchUpMs } = report;
  const seconds = Math.round(elapsedMs / 1000);
  bench.emit({
    figure: 'bulk',
    value: ratePerSecond,
    unit: 'commands/s',
    target: { atLeast: 15_000 },
    details: { ...size, seconds },
  });
  bench.emit({
    figure: 'bulk-memory',
    value: memory.overIdleMiB,
    unit: 'MiB over idle',
    target: { atMost: 300 },
    details: { idleMiB: memory.idleMiB, mostMiB: memory.mostMiB },
  });
  bench.emit({
    figure: 'bulk-catch-up',
    value: Math.round(catchUpMs / 100) / 10,
    unit: 's',
    details: { lagAtEnd, eventsPerSecond: perSecond(lagAtEnd, catchUpMs) },
  });
  const withSource = (await sets.small()).report;
  if (withSource === undefined) return;
  bench.emit({
    figure: 'bulk-with-source',
    value: withSource.ratePerSecond,
    unit: 'commands/s',
    details: { events: smallEvents, customers, bytes: 600, each: 'idempotent by its source' },
  });
}
