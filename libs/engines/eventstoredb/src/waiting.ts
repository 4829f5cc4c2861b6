import { withDeadline } from '#libs/core';

const JITTER = 0.5;

/** Doubles with every attempt, from 1 on; spread, so that those that failed together do not come back together. */
export function backoffMs(attempt: number, firstMs: number, mostMs: number): number {
  const ms = Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return ms * (1 - JITTER * Math.random());
}

/** What did not answer in time. Whether it happened all the same is not known. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Rejects with `NoAnswer` when the work takes longer; the work itself goes on, its outcome is dropped. */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return withDeadline(ms, work, () => new NoAnswer(`no answer within ${ms} ms`));
}

/** Lets a number of works run at a time; the others wait in line. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
