import type { ImportProgress } from './run-import';

/** On a terminal the line is drawn anew this often, in a pipe one is added this often. */
const TERMINAL_INTERVAL_MS = 200;
const PIPE_INTERVAL_MS = 5_000;
const BAR_CHARACTERS = 24;

interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number;
  /** What is counted; rows, unless it is given. */
  readonly unit?: string;
}

export interface ProgressDisplay {
  show(progress: ImportProgress): void;
  /** Writes a line of its own without tearing the bar. */
  note(text: string): void;
  /** Takes the bar away. */
  end(): void;
}

export function progressDisplay({ write, isTerminal, nowMs, unit }: ProgressOptions): ProgressDisplay {
  const startedMs = nowMs();
  let lastMs = startedMs;
  let drawn = false;
  const clear = (): void => {
    if (drawn) write('\r\u001b[K');
    drawn = false;
  };
  return {
    show(progress) {
      const now = nowMs();
      if (now - lastMs < (isTerminal ? TERMINAL_INTERVAL_MS : PIPE_INTERVAL_MS)) return;
      lastMs = now;
      const text = describeProgress(progress, now - startedMs, unit);
      if (!isTerminal) {
        write(`${text}\n`);
        return;
      }
      write(`\r${barOf(progress)} ${text}\u001b[K`);
      drawn = true;
    },
    note(text) {
      clear();
      write(`${text}\n`);
    },
    end: clear,
  };
}

export function describeProgress(
  { bytes, totalBytes, rows }: ImportProgress,
  elapsedMs: number,
  unit = 'rows',
): string {
  const share = shareOf(bytes, totalBytes);
  const percent = Math.floor(share * 100);
  const leftMs = share > 0 ? (elapsedMs / share) * (1 - share) : undefined;
  const left = leftMs === undefined ? '' : `, ${duration(leftMs)} left`;
  return `${percent} %, ${grouped(rows)} ${unit}, ${grouped(rate(rows, elapsedMs))}/s${left}`;
}

function barOf({ bytes, totalBytes }: ImportProgress): string {
  const filled = Math.round(shareOf(bytes, totalBytes) * BAR_CHARACTERS);
  return `[${'#'.repeat(filled)}${' '.repeat(BAR_CHARACTERS - filled)}]`;
}

/** A file may grow while it is read. */
function shareOf(bytes: number, totalBytes: number): number {
  return totalBytes === 0 ? 0 : Math.min(1, bytes / totalBytes);
}

export function rate(count: number, elapsedMs: number): number {
  return elapsedMs <= 0 ? 0 : Math.round((count * 1000) / elapsedMs);
}

export function grouped(number: number): string {
  return number.toLocaleString('en-US');
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
