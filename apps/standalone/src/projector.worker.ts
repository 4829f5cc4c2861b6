import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { ProjectorService } from './projector-service';
import type { ProjectorMessage, ProjectorStart, ProjectorTask } from './projector-messages';

/** A thread around ProjectorService. */
const start: ProjectorStart = workerData;
const tell = (message: ProjectorMessage): void => parentPort?.postMessage(message);

/** Nice value of this thread: where cores are short, commands go before read models, which catch up. */
const NICE = 5;

/** Linux keeps a nice value a thread. Elsewhere, or where it is not allowed, threads stay equal. */
function yieldToCommands(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICE);
  } catch {
    // Nothing depends on it but latency under full load.
  }
}

async function main(): Promise<void> {
  yieldToCommands();
  const service = await ProjectorService.open(start, tell);
  parentPort?.on('message', (task: ProjectorTask) => {
    if (task.kind === 'stop') void service.stop().then(() => parentPort?.close());
    else if (task.kind === 'activated') service.activated(task.fault);
    else void service.run(task);
  });
  tell({ kind: 'ready' });
}

void main();
