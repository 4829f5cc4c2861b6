import { parentPort, workerData } from 'node:worker_threads';
import { codeOf, messageOf } from '#libs/core';
import { StorageService } from './storage-service';
import type { StorageCall, StorageCalls } from './storage-service';

/** A thread around StorageService; everything that can be tested is there. */
interface Message<C extends StorageCall = StorageCall> {
  readonly id: number;
  readonly name: C;
  readonly ask: StorageCalls[C]['ask'];
}

const service = new StorageService(String(workerData));

parentPort?.on('message', ({ id, name, ask }: Message) => {
  try {
    const answer = service.call(name, ask);
    parentPort?.postMessage({ id, answer });
  } catch (error) {
    parentPort?.postMessage({ id, error: messageOf(error), code: codeOf(error) });
  }
  if (name === 'close') parentPort?.close();
});
parentPort?.postMessage({ id: 0, answer: undefined });
