import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EngineError, messageOf } from '#libs/core';
import type { StorageCall, StorageCalls, StorageService } from './storage-service';

/** Asks the writers of a data directory, wherever they run. */
export interface Storage {
  call<C extends StorageCall>(
    name: C,
    ask: StorageCalls[C]['ask'],
    transfer?: ArrayBuffer,
  ): Promise<StorageCalls[C]['answer']>;
}

/** A commit failed. Where `fatal`, the disk can't be trusted any more and the process must stop acknowledging. */
export class StorageError extends EngineError {
  override readonly name = 'StorageError';

  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }

  /** A full disk takes nothing and loses nothing; after a failed write or fsync nobody knows what the file holds. */
  get fatal(): boolean {
    return !/^SQLITE_(FULL|BUSY|CONSTRAINT)/.test(this.code);
  }
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The writers on a thread of their own, so that no fsync ever holds up the event loop. */
export class StorageThread implements Storage {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly ready: Promise<unknown>;
  #nextId = 1;
  #stopped: StorageError | undefined;

  constructor(directory: string) {
    this.#worker = new Worker(workerFile(), { workerData: directory });
    this.ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    this.#worker.on('message', (message: unknown) => this.#receive(message));
    this.#worker.on('error', (error) => this.#stop(`the storage thread has failed: ${messageOf(error)}`));
    this.#worker.on('exit', () => this.#stop('the storage thread has stopped'));
  }

  call<C extends StorageCall>(
    name: C,
    ask: StorageCalls[C]['ask'],
    transfer?: ArrayBuffer,
  ): Promise<StorageCalls[C]['answer']> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // The worker answers each call with its own kind of answer: see StorageCalls.
      this.#waiting.set(id, { resolve: (answer) => resolve(answer as StorageCalls[C]['answer']), reject });
      this.#worker.postMessage({ id, name, ask }, transfer === undefined ? [] : [transfer]);
    });
  }

  #receive(message: unknown): void {
    const { id, answer, error, code } = message as {
      id: number;
      answer?: unknown;
      error?: string;
      code?: string;
    };
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new StorageError(error, code ?? ''));
  }

  #stop(how: string): void {
    this.#stopped ??= new StorageError(how, 'STOPPED');
    for (const { reject } of this.#waiting.values()) reject(this.#stopped);
    this.#waiting.clear();
  }
}

/** jest does not compile worker files, so a test runs the built one. */
function workerFile(): string {
  const here = __dirname;
  const root = here.includes(join('dist', 'libs'))
    ? here
    : here.replace(join('libs', 'engines'), join('dist', 'libs', 'engines'));
  return join(root, 'storage.worker.js');
}

/** The same writers in this thread: for tools that open a directory briefly, and for tests. */
export function inlineStorage(service: StorageService): Storage {
  return {
    call: async (name, ask) => service.call(name, ask),
  };
}
