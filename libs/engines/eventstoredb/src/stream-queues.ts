import type { AppendRequest, AppendResult } from '#libs/core';

interface Queued {
  readonly request: AppendRequest;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One append of a stream at a time, in the order asked for. When one does not succeed, all that wait behind it answer
 * `conflict`: they were made to follow what did not come.
 */
export class StreamQueues {
  /** Streams with an append under way, and what waits behind it. */
  readonly #streams = new Map<string, Queued[]>();

  constructor(
    private readonly append: (request: AppendRequest) => Promise<AppendResult>,
    private readonly headOf: (stream: string) => Promise<number>,
  ) {}

  push(request: AppendRequest): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const queued = { request, resolve, reject };
      const waiting = this.#streams.get(request.stream);
      if (waiting !== undefined) {
        waiting.push(queued);
        return;
      }
      this.#streams.set(request.stream, []);
      void this.#run(queued);
    });
  }

  async #run(first: Queued): Promise<void> {
    const { stream } = first.request;
    for (
      let next: Queued | undefined = first;
      next !== undefined;
      next = this.#streams.get(stream)?.shift()
    ) {
      const { request, resolve, reject } = next;
      try {
        const result = await this.append(request);
        resolve(result);
        if (result.outcome !== 'appended') this.#drop(stream, result);
      } catch (error) {
        reject(error);
        this.#drop(stream);
      }
    }
    this.#streams.delete(stream);
  }

  #drop(stream: string, result?: AppendResult): void {
    const dropped = this.#streams.get(stream)?.splice(0) ?? [];
    if (dropped.length === 0) return;
    const head = result?.outcome === 'conflict' ? Promise.resolve(result.head) : this.headOf(stream);
    head.then(
      (revision) => {
        for (const { resolve } of dropped) resolve({ outcome: 'conflict', head: revision });
      },
      (error: unknown) => {
        for (const { reject } of dropped) reject(error);
      },
    );
  }
}
