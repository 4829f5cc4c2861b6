import { pause } from '../connect';
import type { Running } from './bench';
import { postBulk } from './bulk-stream';
import { caughtUp, lagOf } from './lag';
import { SUSTAINED_LAG_EVENTS } from './sizes';

const FEEDERS = 4;
const LINES_A_REQUEST = 500;
const WATCH_MS = 50;
/** A line that registers its customer makes two events. */
const MOST_UNDER_WAY = FEEDERS * LINES_A_REQUEST * 2;
/** Where feeding stops until the projections have come nearer; what is under way then still adds to the lag. */
const PAUSE_AT_LAG = SUSTAINED_LAG_EVENTS - MOST_UNDER_WAY;

export interface FollowedLoad {
  readonly durationMs: number;
  /** So many lines of a bulk body, as text. */
  readonly lines: (count: number) => string;
}

export interface Followed {
  /** Commands. */
  readonly accepted: number;
  /** Until the last of them was projected. */
  readonly elapsedMs: number;
  /** How far a projection was behind meanwhile, at most. */
  readonly mostLag: number;
}

/**
 * As many commands as projections keep up with: bulk requests go out only while the lag is small. The time until the last
 * of the events is projected counts too.
 */
export async function loadFollowed(running: Running, { durationMs, lines }: FollowedLoad): Promise<Followed> {
  const lag = new LagWatch(running);
  try {
    const startedMs = performance.now();
    let accepted = 0;
    lag.start();
    const feed = async (): Promise<void> => {
      while (performance.now() - startedMs < durationMs) {
        if (lag.now >= PAUSE_AT_LAG) {
          await pause(WATCH_MS / 10);
          continue;
        }
        let text: string | undefined = lines(LINES_A_REQUEST);
        await postBulk(running, LINES_A_REQUEST, () => {
          const next = text;
          text = undefined;
          return next;
        });
        accepted += LINES_A_REQUEST;
      }
    };
    await Promise.all(Array.from({ length: FEEDERS }, feed));
    const mostLag = await lag.stop();
    await caughtUp(running);
    return { accepted, elapsedMs: performance.now() - startedMs, mostLag };
  } finally {
    await lag.stop();
  }
}

/** Asks for the lag again and again. */
class LagWatch {
  now = 0;
  #most = 0;
  #running = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly connection: Running) {}

  start(): void {
    this.#running = true;
    this.#ended = this.#watch();
  }

  /** To the greatest lag seen. */
  async stop(): Promise<number> {
    this.#running = false;
    await this.#ended;
    return this.#most;
  }

  async #watch(): Promise<void> {
    while (this.#running) {
      this.now = await lagOf(this.connection);
      this.#most = Math.max(this.#most, this.now);
      await pause(WATCH_MS);
    }
  }
}
