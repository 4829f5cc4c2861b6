import type { DistributedServer, RoleProcess } from '../../e2e/distributed-server';
import type { Loose } from '../../e2e/client';
import { eventually } from '../../e2e/wait';
import { seeded } from '../random';
import type { Fault } from './faults';
import type { Load } from './load';
import { pause } from './sender';

/** Load before each fault. */
const BEFORE_MS = [300, 1_200] as const;
const CAUGHT_UP_DEADLINE_MS = 120_000;
const ASK_EVERY_MS = 25;
const MAX_TOLD_CHARS = 3_000;

/** One fault, as the report has it. Times but `atMs` count from the end of the fault: a server's restart is begun then, a link is mended. */
export interface FaultRecord {
  readonly target: string;
  readonly kind: Fault['kind'];
  /** From the first command of the run to the beginning of the fault. */
  readonly atMs: number;
  readonly lastedMs: number;
  /** Until each command-api has acknowledged a new command. */
  readonly recoveredMs: number;
  /** Until every command sent meanwhile is answered and all read models have folded the last of them. */
  readonly caughtUpMs: number;
}

/** A process that ended although nobody had asked it to. */
export interface Crash {
  readonly role: string;
  readonly how: string;
  readonly during: string;
  readonly said: string;
}

/** Faults in an order that the seed fixes: all kills of a round, and as many of the troubles as there is time for. */
export function plan(
  seed: number,
  killCount: number,
  kills: readonly Fault[],
  troubles: readonly Fault[],
): Fault[] {
  const random = seeded(seed);
  const planned: Fault[] = [];
  let left = killCount;
  while (left > 0) {
    const chosen = shuffled(kills, random).slice(0, left);
    left -= chosen.length;
    // A round that is cut short has its share of the troubles.
    const share = Math.ceil((troubles.length * chosen.length) / Math.max(1, kills.length));
    if (chosen.length === 0) return [...planned, ...shuffled(troubles, random)];
    planned.push(...shuffled([...chosen, ...shuffled(troubles, random).slice(0, share)], random));
  }
  return planned;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Runs faults under load, one after the other, each until everything is as it was before. */
export class Campaign {
  readonly faults: FaultRecord[] = [];
  readonly crashes: Crash[] = [];
  readonly #random: () => number;
  #now = 'the start';

  constructor(
    private readonly server: DistributedServer,
    private readonly load: Load,
    seed: number,
  ) {
    this.#random = seeded(seed);
  }

  async run(faults: readonly Fault[], tell: (done: FaultRecord) => void): Promise<void> {
    const begunMs = performance.now();
    this.load.start();
    for (const fault of faults) {
      this.#now = `${fault.target} ${fault.kind}`;
      await pause(this.#between(BEFORE_MS));
      const record = await this.#one(fault, begunMs);
      this.faults.push(record);
      tell(record);
    }
    await this.load.drain();
    await this.caughtUp();
  }

  async #one(fault: Fault, begunMs: number): Promise<FaultRecord> {
    const atMs = performance.now();
    await fault.begin();
    await pause(this.#between(fault.lastsMs));
    const endMs = performance.now();
    await fault.end();
    await Promise.all(this.server.all('command-api').map((_, via) => this.load.probe(via)));
    const recoveredMs = performance.now() - endMs;
    await this.load.drain();
    await this.caughtUp();
    const caughtUpMs = performance.now() - endMs;
    this.load.start();
    return {
      target: fault.target,
      kind: fault.kind,
      atMs: Math.round(atMs - begunMs),
      lastedMs: Math.round(endMs - atMs),
      recoveredMs: Math.round(recoveredMs),
      caughtUpMs: Math.round(caughtUpMs),
    };
  }

  /** Resolves when no group is behind the log, at rest. */
  async caughtUp(): Promise<void> {
    let last: unknown;
    const deadline = Date.now() + CAUGHT_UP_DEADLINE_MS;
    for (;;) {
      await this.#supervise();
      const answer = await this.server
        .client()
        .get('/v1/projections')
        .catch(() => undefined);
      last = answer?.body;
      const groups: readonly Loose[] = answer?.status === 200 ? answer.body : [];
      if (groups.length > 0 && groups.every(isLevel)) return;
      if (Date.now() > deadline) break;
      await pause(ASK_EVERY_MS);
    }
    const told = `${JSON.stringify(last)}\n${await this.#ready()}`;
    throw new Error(`after ${this.#now} not caught up within ${CAUGHT_UP_DEADLINE_MS} ms: ${told}`);
  }

  /** As a supervisor does: whoever ended is started again. But it is remembered, and is a failure. */
  async #supervise(): Promise<void> {
    for (const role of this.server.processes) {
      if (role.endedAlone === undefined) continue;
      this.crashes.push({
        role: role.role,
        how: role.endedAlone,
        during: this.#now,
        said: role.output.slice(-MAX_TOLD_CHARS),
      });
      await eventually(`${role.role} starts again`, () => role.start().then(() => true));
    }
  }

  async #ready(): Promise<string> {
    const all = await Promise.all(this.server.processes.map(readiness));
    return all.join('\n');
  }

  #between([least, most]: readonly [number, number]): number {
    return least + this.#random() * (most - least);
  }
}

function isLevel({ lagEvents, lagSeconds }: Loose): boolean {
  return lagEvents === 0 && lagSeconds === 0;
}

async function readiness({ role, url, output }: RoleProcess): Promise<string> {
  const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
  const text = answer === undefined ? 'no answer' : await answer.text();
  return `${role}: ${text}\n${output.slice(-MAX_TOLD_CHARS)}`;
}
