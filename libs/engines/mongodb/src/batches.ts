export interface BatchOptions {
  /** Calls that one batch takes. */
  readonly calls: number;
  /** Batches on their way at once. */
  readonly inFlight: number;
}

interface Waiting<Call, Answer> {
  readonly call: Call;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls that arrive while others are on their way go together as soon as there is room: a lone call waits for nobody, a
 * thousand cost a few round trips and waits for the journal. `run` answers in the order of the calls.
 */
export class Batches<Call, Answer> {
  #waiting: Waiting<Call, Answer>[] = [];
  #running = 0;

  constructor(
    private readonly run: (calls: readonly Call[]) => Promise<readonly Answer[]>,
    private readonly options: BatchOptions,
  ) {}

  add(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
      // What is asked for in the same turn goes along.
      if (this.#running < this.options.inFlight) {
        this.#running += 1;
        queueMicrotask(() => void this.#drain());
      }
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.options.calls);
      try {
        const answers = await this.run(batch.map(({ call }) => call));
        if (answers.length !== batch.length) throw new Error('calls and answers differ in number');
        for (const [i, answer] of answers.entries()) batch[i]?.resolve(answer);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running -= 1;
  }
}
