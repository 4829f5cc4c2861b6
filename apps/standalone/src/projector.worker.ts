import { parentPort, workerData } from 'node:worker_threads';
import { ProjectorService } from './projector-service';
import type { ProjectorMessage, ProjectorStart, ProjectorTask } from './projector-messages';
import { yieldToCommands } from './yield-to-commands';

/** A thread around ProjectorService. */
const start: ProjectorStart = workerData;
const tell = (message: ProjectorMessage): void => parentPort?.postMessage(message);

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
