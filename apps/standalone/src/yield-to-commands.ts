import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

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
