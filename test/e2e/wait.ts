const FIRST_PAUSE_MS = 5;
const PAUSE_GROWTH = 1.2;
/** Who waits long must not keep what is waited for busy with answering. */
const LONGEST_PAUSE_MS = 100;

/** Asks again and again until the answer is not `undefined`; throws with `what` at the deadline. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  deadlineMs = 15_000,
): Promise<T> {
  const until = Date.now() + deadlineMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * PAUSE_GROWTH);
  }
}
