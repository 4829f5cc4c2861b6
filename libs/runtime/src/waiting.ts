import { pause } from '#libs/core';

/** A revision that an answer should have reached, and how long to wait for it. */
export interface Waiting {
  readonly revision: number;
  readonly timeoutMs: number;
}

/** First pause between two looks; each is half as long again as the one before, as waiting readers share the machine. */
const FIRST_POLL_MS = 5;
const POLL_GROWTH = 1.5;
const LONGEST_POLL_MS = 100;

/** Asks until the revision is reached or time is up; resolves to the last answer either way. */
export async function waitUntil(
  waiting: Waiting | undefined,
  reached: () => Promise<number>,
): Promise<number> {
  let revision = await reached();
  if (waiting === undefined) return revision;
  const deadlineMs = performance.now() + waiting.timeoutMs;
  for (let pollMs = FIRST_POLL_MS; revision < waiting.revision; pollMs *= POLL_GROWTH) {
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) break;
    await pause(Math.min(pollMs, LONGEST_POLL_MS, leftMs));
    revision = await reached();
  }
  return revision;
}

/** Lets timers, messages and the other groups of this thread have a turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Works that go one after the other, whether the one before came to something or not. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when those that are in line now are over. */
  async over(): Promise<void> {
    await this.#last;
  }
}
