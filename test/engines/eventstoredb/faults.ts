export const APPEND_FAULTS = [
  /** Nothing is written and nothing answered. */
  'silence',
  /** Nothing is written: UNAVAILABLE, as of a lost connection. */
  'unavailable',
  /** Nothing is written: "Server Is Not Ready". */
  'not-ready',
  /** Nothing is written: ABORTED, "Operation timed out". */
  'abort',
  /** Nothing is written: the client is sent to the leader, which is this server. */
  'not-leader',
  /** Nothing is written: an election is on. */
  'no-leader',
  'commit-then-silence',
  'commit-then-unavailable',
  'commit-then-abort',
  /** Every connection is lost after the write. */
  'commit-then-disconnect',
  /** UNAVAILABLE at once; written when the test releases it, perhaps after the retry. */
  'unavailable-then-commit',
] as const;

export type AppendFault = (typeof APPEND_FAULTS)[number];

export interface PlannedFault {
  readonly fault: AppendFault;
  /** Only appends to streams whose names begin so; any where it is absent. */
  readonly stream?: string | undefined;
}

export interface Switches {
  /** Every call is refused: "Server Is Not Ready". */
  notReady: boolean;
  /** Calls are taken and nothing is answered, nor sent to subscribers, until it is off. */
  frozen: boolean;
  /** As 23.10: a live subscriber that lags is dropped with ABORTED. */
  dropSlowConsumers: boolean;
  /** A filtered subscription that matched nothing yet gets 2^64−1 as its first checkpoint, as from 24.2 to 24.10.4. */
  poisonCheckpoint: boolean;
  /** Added to the clock that stamps events. */
  clockOffsetMs: number;
}

const OFF: Switches = {
  notReady: false,
  frozen: false,
  dropSlowConsumers: false,
  poisonCheckpoint: false,
  clockOffsetMs: 0,
};

/** What a test has ordered to go wrong. */
export class Faults {
  #switches: Switches = OFF;
  #planned: PlannedFault[] = [];
  #held: (() => void)[] = [];
  #thaw: (() => void)[] = [];

  get notReady(): boolean {
    return this.#switches.notReady;
  }

  get switches(): Readonly<Switches> {
    return this.#switches;
  }

  set(change: Partial<Switches>): void {
    this.#switches = { ...this.#switches, ...change };
    if (!this.#switches.frozen) for (const resolve of this.#thaw.splice(0)) resolve();
  }

  /** Each planned fault hits one append, in this order. */
  plan(faults: readonly PlannedFault[]): void {
    this.#planned.push(...faults);
  }

  takeAppendFault(stream: string): AppendFault | undefined {
    const at = this.#planned.findIndex((planned) => stream.startsWith(planned.stream ?? ''));
    return at < 0 ? undefined : this.#planned.splice(at, 1)[0]?.fault;
  }

  hold(write: () => void): void {
    this.#held.push(write);
  }

  /** Lets the held appends land. */
  release(): void {
    for (const write of this.#held.splice(0)) write();
  }

  /** Resolves when nothing is frozen. */
  thawed(): Promise<void> {
    if (!this.#switches.frozen) return Promise.resolve();
    return new Promise((resolve) => this.#thaw.push(resolve));
  }

  clear(): void {
    this.#planned = [];
    this.#held = [];
    this.set(OFF);
  }
}
