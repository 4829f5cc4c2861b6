import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** Folding makes much that lives for a batch only: where that has no room it is copied on and on (a sixth of the time). */
export const FOLDING_LIMITS = { maxYoungGenerationSizeMb: 48 } as const;

/** Nice value of a thread that folds: where cores are short, commands go before read models, which catch up. */
const NICE = 5;

/** Linux keeps a nice value a thread. Elsewhere, or where it is not allowed, threads stay equal. */
export function yieldToCommands(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICE);
  } catch {
    // Nothing depends on it but latency under full load.
  }
}
