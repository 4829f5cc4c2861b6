import { CliError } from '../verb';
import { HttpLine } from './http-line';
import type { Answer } from './http-line';
import { Durations, perSecond } from './statistics';

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly durationMs: number;
  /** The next request; asked for once a free connection. */
  readonly next: () => Buffer;
  /** Takes each answer in the order of arrival, with what was sent. */
  readonly onAnswer?: (answer: Answer, request: Buffer, durationMs: number) => void;
}

export interface LoadResult {
  readonly count: number;
  readonly ratePerSecond: number;
  readonly durations: Durations;
}

/**
 * Keeps each connection busy with one request after another. Requests that are under way at the end are waited for and
 * counted, and so is their time.
 */
export async function closedLoop({
  port,
  connections,
  durationMs,
  next,
  onAnswer,
}: Load): Promise<LoadResult> {
  const durations = new Durations();
  let stopAtMs = Number.POSITIVE_INFINITY;
  let startedMs = 0;
  let lines: readonly HttpLine[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      let busy = connections;
      const run = (line: HttpLine): void => {
        const sentMs = performance.now();
        if (sentMs >= stopAtMs) {
          if (--busy === 0) resolve();
          return;
        }
        const request = next();
        line.send(request, (answer) => {
          if (answer.status >= 300) {
            reject(refusal(answer));
            return;
          }
          const tookMs = performance.now() - sentMs;
          durations.add(tookMs);
          onAnswer?.(answer, request, tookMs);
          run(line);
        });
      };
      HttpLine.openMany(connections, port, reject).then((opened) => {
        lines = opened;
        startedMs = performance.now();
        stopAtMs = startedMs + durationMs;
        for (const line of opened) run(line);
      }, reject);
    });
  } finally {
    for (const line of lines) line.close();
  }
  const { count } = durations;
  return { count, durations, ratePerSecond: perSecond(count, performance.now() - startedMs) };
}

export interface PacedLoad extends Load {
  readonly ratePerSecond: number;
}

/** Sends at a steady rate, whatever the answers do; a request that finds no free connection goes as soon as one is. */
export async function openLoop(load: PacedLoad): Promise<LoadResult> {
  const { port, connections, durationMs, ratePerSecond, next, onAnswer } = load;
  const total = Math.round((durationMs * ratePerSecond) / 1000);
  const durations = new Durations();
  let lines: readonly HttpLine[] = [];
  let timer: NodeJS.Timeout | undefined;
  let startedMs = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      let sent = 0;
      const send = (line: HttpLine): void => {
        const sentMs = performance.now();
        const request = next();
        sent++;
        line.send(request, (answer) => {
          if (answer.status >= 300) {
            reject(refusal(answer));
            return;
          }
          const tookMs = performance.now() - sentMs;
          durations.add(tookMs);
          onAnswer?.(answer, request, tookMs);
          if (durations.count >= total) resolve();
        });
      };
      const tick = (): void => {
        const due = Math.min(total, Math.floor(((performance.now() - startedMs) * ratePerSecond) / 1000));
        for (const line of lines) {
          if (sent >= due) return;
          if (line.free) send(line);
        }
      };
      HttpLine.openMany(connections, port, reject).then((opened) => {
        lines = opened;
        startedMs = performance.now();
        timer = setInterval(tick, 1);
      }, reject);
    });
  } finally {
    clearInterval(timer);
    for (const line of lines) line.close();
  }
  const { count } = durations;
  return { count, durations, ratePerSecond: perSecond(count, performance.now() - startedMs) };
}

function refusal({ status, bytes, bodyAt }: Answer): CliError {
  return new CliError(`a request was answered ${status}: ${bytes.toString('utf8', bodyAt, bodyAt + 300)}`);
}
