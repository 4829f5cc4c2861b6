import type { IndexEntry, LogIndex } from '#libs/core';

/** Entries that wait to be confirmed; more are dropped, and verified against the log whenever they are asked for. */
const MAX_WAITING = 20_000;
const BATCH = 500;

/** Tells the index what is in the log, beside the appends: no append waits for it, and none fails by it. */
export class Confirmations {
  #waiting: IndexEntry[] = [];
  #running: Promise<void> | undefined;

  constructor(private readonly index: LogIndex) {}

  add(entries: readonly IndexEntry[]): void {
    if (this.#waiting.length + entries.length > MAX_WAITING) return;
    this.#waiting.push(...entries);
    this.#running ??= this.#run();
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Appends that end in the same turn are confirmed together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH);
      this.#waiting = this.#waiting.slice(BATCH);
      await this.index.confirm(batch).catch(() => undefined);
    }
    this.#running = undefined;
  }
}
