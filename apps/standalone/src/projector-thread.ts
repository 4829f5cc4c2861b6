import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EngineError, messageOf, uuidV7 } from '#libs/core';
import type { Actor } from '#libs/trust';
import { openStatus, ProjectionAdmin, projectionStatuses } from '#libs/runtime';
import type {
  ProjectionStatus,
  ProjectionTask,
  ProjectionTaskStatus,
  RebuildStatus,
  StatusPorts,
  VerificationStatus,
  VerifyScope,
} from '#libs/runtime';
import type { ProjectorMessage, ProjectorStart, ProjectorTask } from './projector-messages';

/** Finished tasks that are remembered. */
const MAX_TASKS = 100;

/** Ids of tasks. */
const newId = uuidV7({ nowMs: () => Date.now() }, { bytes: (length) => randomBytes(length) });

/** The projector on a thread of its own, and what it is told and asked. */
export class ProjectorThread extends ProjectionAdmin {
  readonly #worker: Worker;
  readonly #tasks = new Map<string, ProjectionTaskStatus>();
  readonly ready: Promise<void>;
  readonly #ended: Promise<void>;
  #running: string | undefined;
  #fault: string | undefined;
  #dead = false;

  constructor(
    start: ProjectorStart,
    private readonly ports: StatusPorts,
    /** Appends that a model is the active one. */
    private readonly activated: (model: string, actor: Actor) => Promise<void>,
    onFault: (fault: string) => void,
  ) {
    super();
    const file = join(__dirname, 'projector.worker.js');
    this.#worker = new Worker(file, { workerData: start });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: ProjectorMessage) => {
        if (message.kind === 'ready') resolve();
        else this.#receive(message, onFault);
      });
      this.#worker.once('error', (error) => {
        this.#dead = true;
        this.#fault = error.message;
        onFault(error.message);
        reject(error);
      });
    });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  projections(): Promise<readonly ProjectionStatus[]> {
    return projectionStatuses(this.ports);
  }

  rebuild(names: readonly string[]): Promise<string | undefined> {
    return this.#start({ kind: 'rebuild', taskId: newId(), names });
  }

  activate(model: string, actor: Actor): Promise<string | undefined> {
    return this.#start({ kind: 'activate', taskId: newId(), model, actor });
  }

  rollback(names: readonly string[], actor: Actor): Promise<string | undefined> {
    return this.#start({ kind: 'rollback', taskId: newId(), names, actor });
  }

  retry(names: readonly string[]): Promise<string | undefined> {
    return this.#start({ kind: 'retry', taskId: newId(), names });
  }

  async rebuildStatus(rebuildId: string): Promise<RebuildStatus | undefined> {
    const task = this.#tasks.get(rebuildId);
    return task?.kind === 'rebuild' ? task.status : undefined;
  }

  verify(scope: VerifyScope): Promise<string | undefined> {
    return this.#start({ kind: 'verify', taskId: newId(), scope });
  }

  async verification(verificationId: string): Promise<VerificationStatus | undefined> {
    const task = this.#tasks.get(verificationId);
    return task?.kind === 'verification' ? task.status : undefined;
  }

  fault(): string | undefined {
    return this.#fault;
  }

  async stop(): Promise<void> {
    this.#worker.postMessage({ kind: 'stop' } satisfies ProjectorTask);
    await this.#ended;
  }

  /** One task at a time: they would only take each other's turns. What stopped projecting stops no verification of the log. */
  async #start(task: ProjectionTask): Promise<string | undefined> {
    if (this.#dead) throw new EngineError(`the projector's thread has ended: ${this.#fault ?? ''}`);
    if (this.#running !== undefined) return undefined;
    this.#running = task.taskId;
    this.#remember(task.taskId, openStatus(task));
    this.#worker.postMessage(task);
    return task.taskId;
  }

  #receive(message: Exclude<ProjectorMessage, { kind: 'ready' }>, onFault: (fault: string) => void): void {
    switch (message.kind) {
      case 'rebuild':
        this.#remember(message.status.rebuildId, message);
        return;
      case 'verification':
        this.#remember(message.status.verificationId, message);
        return;
      case 'idle':
        this.#running = undefined;
        return;
      case 'activate':
        void this.#activate(message.model, message.actor);
        return;
      case 'fault':
        this.#fault = message.fault;
        onFault(message.fault);
    }
  }

  async #activate(model: string, actor: Actor): Promise<void> {
    let answer: ProjectorTask = { kind: 'activated' };
    try {
      await this.activated(model, actor);
    } catch (error) {
      answer = { kind: 'activated', fault: messageOf(error) };
    }
    this.#worker.postMessage(answer);
  }

  #remember(taskId: string, status: ProjectionTaskStatus): void {
    this.#tasks.set(taskId, status);
    if (this.#tasks.size <= MAX_TASKS) return;
    const oldest = this.#tasks.keys().next();
    if (oldest.done !== true) this.#tasks.delete(oldest.value);
  }
}
