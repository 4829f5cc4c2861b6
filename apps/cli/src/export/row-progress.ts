import { grouped, rate } from '../import/progress';
import type { VerbContext } from '../verb';

/** On a terminal the line is drawn anew this often, in a pipe one is added this often. */
const TERMINAL_INTERVAL_MS = 200;
const PIPE_INTERVAL_MS = 5_000;

interface RowProgress {
  show(rows: number): void;
  /** Takes the line away. */
  end(): void;
}

/** How many rows so far, and how fast; of how many nobody knows before the last page. */
export function rowProgress({
  stderr,
  isTTY,
  quiet,
}: Pick<VerbContext, 'stderr' | 'isTTY'> & { readonly quiet: boolean }): RowProgress {
  const startedMs = Date.now();
  let lastMs = startedMs;
  let drawn = false;
  return {
    show(rows) {
      const now = Date.now();
      if (quiet || now - lastMs < (isTTY ? TERMINAL_INTERVAL_MS : PIPE_INTERVAL_MS)) return;
      lastMs = now;
      const text = `${grouped(rows)} rows, ${grouped(rate(rows, now - startedMs))}/s`;
      stderr.write(isTTY ? `\r${text}\u001b[K` : `${text}\n`);
      drawn = isTTY;
    },
    end() {
      if (drawn) stderr.write('\r\u001b[K');
      drawn = false;
    },
  };
}
