import { EngineError, withAppend } from '#libs/core';
import type { EventLog } from '#libs/core';

/** A writer whose clock is further off the database's than this writes instants that nobody can trust. */
export const MAX_CLOCK_SKEW_MS = 5_000;
/** A clock that is set while the process runs is noticed this much later, at most. */
const MEASURE_EVERY_MS = 10_000;

/** Knows how far this process's clock is off the database's. */
export class ClockGuard {
  #skewMs = 0;
  #measuredAtMs = Number.NEGATIVE_INFINITY;
  #measuring: Promise<void> | undefined;

  constructor(private readonly measure: () => Promise<number>) {}

  /** The skew as last measured, in milliseconds; positive where this process is ahead. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Throws `EngineError` where the clock is off. Measures anew now and then; waits for that only the first time. */
  check(): Promise<void> | void {
    const first = this.#measuredAtMs === Number.NEGATIVE_INFINITY;
    if (performance.now() - this.#measuredAtMs > MEASURE_EVERY_MS) {
      this.#measuring ??= this.#look();
      // Later ones go on in the background: a database that is away is told by the append itself.
      if (first) return this.#measuring.then(() => this.#refuse());
      this.#measuring.catch(() => undefined);
    }
    this.#refuse();
  }

  async #look(): Promise<void> {
    try {
      this.#skewMs = await this.measure();
      this.#measuredAtMs = performance.now();
    } finally {
      this.#measuring = undefined;
    }
  }

  #refuse(): void {
    if (Math.abs(this.#skewMs) <= MAX_CLOCK_SKEW_MS) return;
    const seconds = (Math.abs(this.#skewMs) / 1000).toFixed(1);
    const where = this.#skewMs > 0 ? 'ahead of' : 'behind';
    throw new EngineError(`this machine's clock is ${seconds} s ${where} the database's: set it`);
  }
}

/** The log, with appends refused while the clock is off. */
export function guardedByClock(log: EventLog, guard: ClockGuard): EventLog {
  return withAppend(log, async (request) => {
    await guard.check();
    return log.append(request);
  });
}
