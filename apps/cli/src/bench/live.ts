import type { Bench, Running } from './bench';
import { postBulk, postLines } from './bulk-stream';
import { crmKey, LineMaker } from './generate';
import { caughtUp, lagOf } from './lag';
import { activateModel, fitModel } from './model';
import { perSecond } from './statistics';
import { storyLines } from './story';

/** Touchpoints to one customer's story: the mixture of the filled ledgers. */
const TOUCHPOINTS_A_STORY = 100;
/** Of all customers, whose stories are told before: without purchases there is no model to fold segments by. */
const TOLD_BEFORE = 0.1;

/**
 * How fast projections fold while more commands come in than they can follow: one streaming bulk request at full speed,
 * of every kind that read models fold, to customers who are known, so that each command is one event.
 */
export async function measureLive(bench: Bench): Promise<void> {
  const { customers, liveCommands } = bench.sizes;
  const running = await bench.start(bench.ledger('live'));
  try {
    const told = Math.ceil(customers * TOLD_BEFORE);
    await prepare(running, customers, told);
    const load = new MixedLines({ customers, firstStory: told });
    let sent = 0;
    const startedMs = performance.now();
    const { elapsedMs } = await postBulk(running, liveCommands, () => {
      if (sent >= liveCommands) return undefined;
      const lines = load.next(liveCommands - sent);
      sent += lines.length;
      return lines.join('');
    });
    const lagAtEnd = await lagOf(running);
    // Until the look at the lag: what was folded while it was asked for counts, so its time does.
    const lookedMs = performance.now() - startedMs;
    const catchUpMs = await caughtUp(running);
    bench.emit({
      figure: 'live',
      value: perSecond(liveCommands - lagAtEnd, lookedMs),
      unit: 'events/s folded while commands come in',
      target: { atLeast: 6_000 },
      details: {
        commands: liveCommands,
        commandsPerSecond: perSecond(liveCommands, elapsedMs),
        lagAtEnd,
        catchUpPerSecond: perSecond(lagAtEnd, catchUpMs),
        customers,
      },
    });
  } finally {
    await running.close();
  }
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

/** Touchpoints of random customers, and after each hundred of them the next customer's story. */
export class MixedLines {
  readonly #maker: LineMaker;
  #story: number;

  constructor(private readonly options: { readonly customers: number; readonly firstStory: number }) {
    this.#maker = new LineMaker({ customers: options.customers, firstLine: 1, withSource: false });
    this.#story = options.firstStory;
  }

  /** A hundred touchpoints and a story, as long as there are any; not more lines than `most`. */
  next(most: number): string[] {
    const touchpoints = this.#maker.lines(Math.min(most, TOUCHPOINTS_A_STORY)).match(/.+\n/g) ?? [];
    if (this.#story >= this.options.customers) return touchpoints;
    return [...touchpoints, ...storyLines(this.#story++)].slice(0, most);
  }
}
