/** What an append waits for. The rules between them are what keeps a key from being taken twice. */
export interface Timings {
  /** Longest that one attempt of an append is waited for. */
  readonly attemptMs: number;
  /** Longest that an attempt which nobody waits for any more may take to land on the server, from its start. */
  readonly landsWithinMs: number;
  /** An append whose outcome is unknown is tried again for so long. */
  readonly settleMs: number;
  /** No attempt starts when it is longer ago that the claim on its keys was seen to hold. */
  readonly claimFreshMs: number;
  /** How long a claim on a key that shows no event is left to its holder; longer than `takeoverMs`, or takers would rob each other. */
  readonly claimHeldMs: number;
}

export const TIMINGS: Timings = {
  attemptMs: 3_000,
  landsWithinMs: 5_000,
  settleMs: 20_000,
  claimFreshMs: 1_000,
  claimHeldMs: 9_000,
};

/** After a claim was taken over: until its former holder's last attempt has landed or never will. */
export function takeoverMs({ claimFreshMs, landsWithinMs }: Timings): number {
  return claimFreshMs + landsWithinMs;
}
