import type { Bench, Running } from './bench';
import { postBulk, postLines } from './bulk-stream';
import { loadFollowed } from './followed-load';
import { crmKey, LineMaker } from './generate';
import { caughtUp, lagOf } from './lag';
import { activateModel, fitModel } from './model';
import { perSecond } from './statistics';
import { storyLines } from './story';

/** Touchpoints to one customer's story: the mixture of the filled ledgers. */
const TOUCHPOINTS_A_STORY = 100;
/** Of all customers, whose stories are told before: without purchases there is no model to fold segments by. */
const TOLD_BEFORE = 0.1;
const LINES_A_BLOCK = 100;

/**
 * How fast projections fold while commands come in of every kind that they fold, to customers who are known, so that each
 * command is one event: as many as they can follow, and then more than that.
 */
export async function measureLive(bench: Bench): Promise<void> {
  const { customers, liveMs } = bench.sizes;
  const running = await bench.start(bench.emptyLedger('live'));
  try {
    const told = Math.ceil(customers * TOLD_BEFORE);
    await prepare(running, customers, told);
    const load = new MixedLines({ customers, firstStory: told });
    const { accepted, elapsedMs, mostLag } = await loadFollowed(running, {
      durationMs: liveMs,
      lines: (count) => load.lines(count),
    });
    bench.emit({
      figure: 'live',
      value: perSecond(accepted, elapsedMs),
      unit: 'events/s folded, and as many commands/s accepted',
      target: { atLeast: 6_000 },
      details: { accepted, mostLag, customers },
    });
    await emitOverloaded(bench, running, load);
  } finally {
    await running.close();
  }
}

/** One streaming bulk request that nothing holds back; what projections fold until its answer. */
async function emitOverloaded(bench: Bench, running: Running, load: MixedLines): Promise<void> {
  const { liveCommands } = bench.sizes;
  let sent = 0;
  const startedMs = performance.now();
  const { elapsedMs } = await postBulk(running, liveCommands, () => {
    const count = Math.min(LINES_A_BLOCK, liveCommands - sent);
    sent += count;
    return count === 0 ? undefined : load.lines(count);
  });
  const lagAtEnd = await lagOf(running);
  // What was folded while the lag was asked for counts, so its time does.
  const lookedMs = performance.now() - startedMs;
  const catchUpMs = await caughtUp(running);
  bench.emit({
    figure: 'live-overloaded',
    value: perSecond(liveCommands - lagAtEnd, lookedMs),
    unit: 'events/s folded meanwhile',
    details: {
      commands: liveCommands,
      commandsPerSecond: perSecond(liveCommands, elapsedMs),
      lagAtEnd,
      catchUpPerSecond: perSecond(lagAtEnd, catchUpMs),
    },
  });
}

async function prepare(running: Running, customers: number, told: number): Promise<void> {
  const registrations = Array.from({ length: customers }, (_, customer) => {
    const identifiers = [{ type: 'crm', value: crmKey(customer) }];
    return `${JSON.stringify({ command: 'customer', identifiers })}\n`;
  });
  await postLines(running, registrations);
  await postLines(running, Array.from({ length: told }, (_, customer) => storyLines(customer)).flat());
  await caughtUp(running);
  const { modelId } = await fitModel(running);
  await activateModel(running, modelId);
  await caughtUp(running);
}

/** Touchpoints of random customers, and after each hundred of them the next customer's story, as long as there are any. */
export class MixedLines {
  readonly #maker: LineMaker;
  #story: number;
  /** Made, and not given out yet; the next one is the last. */
  #ready: string[] = [];

  constructor(private readonly options: { readonly customers: number; readonly firstStory: number }) {
    this.#maker = new LineMaker({ customers: options.customers, firstLine: 1, withSource: false });
    this.#story = options.firstStory;
  }

  lines(count: number): string {
    let text = '';
    for (let i = 0; i < count; i++) {
      if (this.#ready.length === 0) this.#ready = this.#made().toReversed();
      text += this.#ready.pop() ?? '';
    }
    return text;
  }

  #made(): string[] {
    const touchpoints = this.#maker.lines(TOUCHPOINTS_A_STORY).match(/.+\n/g) ?? [];
    const story = this.#story < this.options.customers ? storyLines(this.#story++) : [];
    return [...touchpoints, ...story];
  }
}
