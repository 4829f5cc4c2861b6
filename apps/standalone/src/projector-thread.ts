import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DocumentStore, EventLog } from '#libs/core';
import { ProjectionAdmin } from '#libs/runtime';
import type { ProjectionStatus, RebuildStatus, VerificationStatus, VerifyScope } from '#libs/runtime';
import { projections } from '#libs/projections';
import { parseEnvelope } from '#libs/trust';
import type { ProjectorMessage, ProjectorStart, ProjectorTask } from './projector-messages';

const PARTITION = 0;
/** Finished tasks that are remembered. */
const MAX_TASKS = 100;

/** The projector on a thread of its own, and what it is told and asked. */
export class ProjectorThread extends ProjectionAdmin {
  readonly #worker: Worker;
  readonly #rebuilds = new Map<string, RebuildStatus>();
  readonly #verifications = new Map<string, VerificationStatus>();
  readonly ready: Promise<void>;
  readonly #ended: Promise<void>;
  #running: string | undefined;
  #fault: string | undefined;

  constructor(
    start: ProjectorStart,
    private readonly log: EventLog,
    private readonly store: DocumentStore,
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
        this.#fault = error.message;
        onFault(error.message);
        reject(error);
      });
    });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  async projections(): Promise<readonly ProjectionStatus[]> {
    const statuses: ProjectionStatus[] = [];
    const last = await this.log.lastPosition();
    for (const { projection, group } of await this.store.pointers()) {
      const definition = projections.find(({ name }) => name === projection);
      const madeWith = await this.store.madeWith(group);
      if (definition === undefined || madeWith === undefined) continue;
      const mine = projections.filter(({ name }) => madeWith.some((made) => made.name === name));
      const checkpoint = await (await this.store.open(group, mine)).checkpoint(PARTITION);
      const position = checkpoint?.position ?? 0;
      const [next] = position < last ? await this.log.readAll(position, 1) : [];
      const lagMs = next === undefined ? 0 : Date.now() - Date.parse(parseEnvelope(next.env).at);
      statuses.push({
        name: projection,
        version: definition.version,
        group,
        lagEvents: Math.max(0, last - position),
        lagSeconds: Math.max(0, lagMs / 1000),
        parked: [],
      });
    }
    return statuses;
  }

  rebuild(names: readonly string[]): string | undefined {
    const id = this.#start((taskId) => ({ kind: 'rebuild', taskId, names }));
    if (id !== undefined) {
      remember(this.#rebuilds, id, {
        rebuildId: id,
        projections: names,
        state: 'building',
        progress: 0,
        events: 0,
      });
    }
    return id;
  }

  rebuildStatus(rebuildId: string): RebuildStatus | undefined {
    return this.#rebuilds.get(rebuildId);
  }

  verify(scope: VerifyScope): string | undefined {
    const id = this.#start((taskId) => ({ kind: 'verify', taskId, scope }));
    if (id !== undefined) {
      remember(this.#verifications, id, { verificationId: id, scope, state: 'running', events: 0 });
    }
    return id;
  }

  verification(verificationId: string): VerificationStatus | undefined {
    return this.#verifications.get(verificationId);
  }

  fault(): string | undefined {
    return this.#fault;
  }

  async stop(): Promise<void> {
    this.#worker.postMessage({ kind: 'stop' } satisfies ProjectorTask);
    await this.#ended;
  }

  /** One task at a time: they would only take each other's turns. */
  #start(task: (taskId: string) => ProjectorTask): string | undefined {
    if (this.#running !== undefined || this.#fault !== undefined) return undefined;
    this.#running = randomUUID();
    this.#worker.postMessage(task(this.#running));
    return this.#running;
  }

  #receive(message: Exclude<ProjectorMessage, { kind: 'ready' }>, onFault: (fault: string) => void): void {
    switch (message.kind) {
      case 'rebuild':
        remember(this.#rebuilds, message.status.rebuildId, message.status);
        return;
      case 'verification':
        remember(this.#verifications, message.status.verificationId, message.status);
        return;
      case 'idle':
        this.#running = undefined;
        return;
      case 'fault':
        this.#fault = message.fault;
        onFault(message.fault);
    }
  }
}

function remember<Status>(tasks: Map<string, Status>, id: string, status: Status): void {
  tasks.set(id, status);
  if (tasks.size <= MAX_TASKS) return;
  const oldest = tasks.keys().next();
  if (oldest.done !== true) tasks.delete(oldest.value);
}
