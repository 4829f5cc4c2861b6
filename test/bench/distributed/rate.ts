import { pause } from '#libs/core';
import { perSecond } from '../../../apps/cli/src/bench/statistics';
import { CpuWatch } from './processes';
import type { Busy } from './processes';

/** Looks cost the machine something too. */
const POLL_MS = 250;
const DEADLINE_MS = 900_000;

export interface Progress {
  readonly events: number;
  readonly done: boolean;
}

export interface Rate {
  readonly perSecond: number;
  /** All of them, also those before the first look. */
  readonly events: number;
  readonly measuredEvents: number;
  readonly seconds: number;
  readonly busyCores: Busy;
}

interface Start {
  readonly events: number;
  readonly atMs: number;
  readonly cpu: CpuWatch;
}

/**
 * How fast something goes to its last event: from its first events, where what it takes to start and to join is not to
 * count, else from now.
 */
export async function rateOf(
  what: string,
  from: 'first-events' | 'now',
  look: () => Promise<Progress>,
): Promise<Rate> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  const start = (events: number): Start => ({ events, atMs: performance.now(), cpu: new CpuWatch() });
  let first = from === 'now' ? start(0) : undefined;
  for (;;) {
    const { events, done } = await look();
    const atMs = performance.now();
    if (first === undefined && events > 0) first = start(events);
    if (first !== undefined && done) {
      const tookMs = atMs - first.atMs;
      const measuredEvents = events - first.events;
      return {
        perSecond: perSecond(measuredEvents, tookMs),
        events,
        measuredEvents,
        seconds: Math.round(tookMs / 100) / 10,
        busyCores: first.cpu.stop(),
      };
    }
    if (atMs > deadlineMs) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await pause(POLL_MS);
  }
}
