import { pause } from '../connect';
import type { Bench, Running } from './bench';
import { postBulk } from './bulk-stream';
import { LineMaker } from './generate';
import { caughtUp, lagOf } from './lag';
import { SUSTAINED_LAG_EVENTS } from './sizes';
import { perSecond } from './statistics';

const FEEDERS = 4;
const LINES_A_REQUEST = 500;
const WATCH_MS = 50;
/** A line that registers its customer makes two events. */
const MOST_UNDER_WAY = FEEDERS * LINES_A_REQUEST * 2;
/** Where feeding stops until the projections have come nearer; what is under way then still adds to the lag. */
const PAUSE_AT_LAG = SUSTAINED_LAG_EVENTS - MOST_UNDER_WAY;

/**
 * The highest rate at which projections keep up: bulk requests go out only while the lag is small. The time until the
 * last of the events is projected counts too.
 */
export async function measureSustained(bench: Bench): Promise<void> {
  const { customers, sustainedMs } = bench.sizes;
  const running = await bench.start(bench.ledger('sustained'));
  const lag = new LagWatch(running);
  try {
    const maker = new LineMaker({ customers, firstLine: 1, withSource: false });
    const startedMs = performance.now();
    let accepted = 0;
    lag.start();
    const feed = async (): Promise<void> => {
      while (performance.now() - startedMs < sustainedMs) {
        if (lag.now >= PAUSE_AT_LAG) {
          await pause(WATCH_MS / 10);
          continue;
        }
        let text: string | undefined = maker.lines(LINES_A_REQUEST);
        await postBulk(running, LINES_A_REQUEST, () => {
          const next = text;
          text = undefined;
          return next;
        });
        accepted += LINES_A_REQUEST;
      }
    };
    await Promise.all(Array.from({ length: FEEDERS }, feed));
    const most = await lag.stop();
    await caughtUp(running);
    bench.emit({
      figure: 'sustained',
      value: perSecond(accepted, performance.now() - startedMs),
      unit: 'commands/s accepted and projected',
      target: { atLeast: 6_000 },
      details: { accepted, customers, bytes: 600 },
    });
    bench.emit({
      figure: 'sustained-lag',
      value: most,
      unit: 'events behind, at most',
      target: { atMost: SUSTAINED_LAG_EVENTS },
    });
  } finally {
    await lag.stop();
    await running.close();
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
