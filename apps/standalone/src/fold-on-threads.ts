import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BuildPorts } from '#libs/runtime';
import type { FoldingMessage, FoldingStart, ProjectorStart } from './projector-messages';

/** As many as there are buckets: more would have no customers. */
const MAX_THREADS = 2;

type FoldAside = NonNullable<BuildPorts['foldAside']>;

/** Folds all customers into a group on two threads; where there is but one core, the caller does it. */
export function foldOnThreads(start: ProjectorStart): FoldAside | undefined {
  const count = Math.min(MAX_THREADS, availableParallelism());
  if (count === 1) return undefined;
  return async (groupId, tell) => {
    const events = Array<number>(count).fill(0);
    const told = (index: number, folded: number): void => {
      events[index] = folded;
      tell(events.reduce((sum, more) => sum + more));
    };
    const threads = events.map(
      (_, index) => new FoldingThread({ ...start, groupId, share: { index, of: count } }, told),
    );
    try {
      await Promise.all(threads.map(({ done }) => done));
    } finally {
      // Where one has failed, or nobody wants the build any more, the others end before the group is dropped.
      await Promise.all(threads.map((thread) => thread.stop()));
    }
  };
}

class FoldingThread {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  /** Rejects with what its thread failed of, or with what `told` throws. */
  readonly done: Promise<void>;

  constructor(start: FoldingStart, told: (index: number, events: number) => void) {
    this.#worker = new Worker(join(__dirname, 'folding.worker.js'), { workerData: start });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.done = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FoldingMessage) => {
        if (message.kind === 'done') return resolve();
        if (message.kind === 'fault') return reject(new Error(message.fault));
        try {
          told(start.share.index, message.events);
        } catch (error) {
          reject(error);
        }
      });
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => reject(new Error('a folding thread has ended')));
    });
    this.done.catch(() => undefined); // Its fault is told by whoever waits for all of them.
  }

  /** Resolves when it has closed its files, after the batch that it is in. */
  async stop(): Promise<void> {
    this.#worker.postMessage('stop');
    await this.#ended;
  }
}
