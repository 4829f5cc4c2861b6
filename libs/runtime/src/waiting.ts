import { pause } from '#libs/core';

/** A revision that an answer should have reached, and how long to wait for it. */
export interface Waiting {
  readonly revision: number;
  readonly timeoutMs: number;
}

const POLL_MS = 5;

/** Asks until the revision is reached or time is up; resolves to the last answer either way. */
export async function waitUntil(
  waiting: Waiting | undefined,
  reached: () => Promise<number>,
): Promise<number> {
  let revision = await reached();
  if (waiting === undefined) return revision;
  const deadlineMs = performance.now() + waiting.timeoutMs;
  while (revision < waiting.revision && performance.now() < deadlineMs) {
    await pause(POLL_MS);
    revision = await reached();
  }
  return revision;
}

/** Lets timers, messages and the other groups of this thread have a turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
