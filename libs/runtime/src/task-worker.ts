import { isJsonObject, pause } from '#libs/core';
import type { TaskBoard } from '#libs/core';
import type { Actor } from '#libs/trust';
import { VERIFY_SCOPES } from './projection-admin';
import { runProjectionTask } from './projection-tasks';
import type { ProjectionTask, ProjectionTaskPorts, ProjectionTaskStatus } from './projection-tasks';

/** How often an idle worker looks for a task. */
const LOOK_MS = 250;
/** A worker that says nothing for so long has lost its task to another. */
const LEASE_MS = 15_000;
/** A report renews the lease, also where there is nothing new to say. */
const RENEW_MS = 3_000;

/** A lease that is over at once. */
const LET_GO_MS = 0;

const ACTOR_KINDS = ['service', 'user', 'system'] as const;

/** Takes tasks off the board, one at a time, and carries them out. */
export class TaskWorker {
  constructor(
    private readonly board: TaskBoard,
    private readonly owner: string,
    private readonly ports: ProjectionTaskPorts,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** Goes on until aborted; a board that can't be reached is asked again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const task = await this.board.claim(this.owner, LEASE_MS);
        if (task === undefined) await pause(LOOK_MS, signal);
        else await this.#carryOut(task.taskId, task.body, signal);
      } catch (error) {
        this.onFault(error);
        await pause(LOOK_MS, signal);
      }
    }
  }

  /** `stop`: the task is let go, for others to begin it anew. */
  async #carryOut(taskId: string, body: string, stop: AbortSignal): Promise<void> {
    const task = taskOf(taskId, body);
    if (task === undefined) {
      await this.board.report(taskId, this.owner, '{}', 'ended', LEASE_MS);
      return;
    }
    let last: ProjectionTaskStatus | undefined;
    let telling = Promise.resolve();
    const lost = new AbortController();
    const signal = AbortSignal.any([stop, lost.signal]);
    const report = (state: 'running' | 'ended', leaseMs = LEASE_MS): void => {
      const text = JSON.stringify(last ?? {});
      telling = telling
        .then(async () => {
          if (!(await this.board.report(taskId, this.owner, text, state, leaseMs))) lost.abort();
        })
        .catch(this.onFault);
    };
    const renewing = setInterval(() => report('running'), RENEW_MS);
    try {
      await runProjectionTask(task, { ...this.ports, signal }, (status) => {
        // What is told of a task that was broken off is not how it stands: somebody else carries it out.
        if (!signal.aborted) last = status;
      });
    } finally {
      clearInterval(renewing);
      if (!lost.signal.aborted) {
        if (stop.aborted && !isOver(last)) report('running', LET_GO_MS);
        else report('ended');
      }
      await telling;
    }
  }
}

function isOver(last: ProjectionTaskStatus | undefined): boolean {
  return last?.status.state === 'done' || last?.status.state === 'failed';
}

/** A task as it was posted; `undefined` for one that this build does not know. */
function taskOf(taskId: string, body: string): ProjectionTask | undefined {
  const value: unknown = JSON.parse(body);
  if (!isJsonObject(value)) return undefined;
  const { kind, names, model } = value;
  const actor = actorOf(value['actor']);
  const scope = VERIFY_SCOPES.find((known) => known === value['scope']);
  if (kind === 'verify' && scope !== undefined) return { kind, taskId, scope };
  if (kind === 'activate' && typeof model === 'string' && actor !== undefined) {
    return { kind, taskId, model, actor };
  }
  if (!Array.isArray(names)) return undefined;
  const chosen = names.filter((name) => typeof name === 'string');
  if (kind === 'rollback' && actor !== undefined) {
    const { to } = value;
    return { kind, taskId, names: chosen, to: typeof to === 'string' ? to : undefined, actor };
  }
  return kind === 'rebuild' || kind === 'retry' ? { kind, taskId, names: chosen } : undefined;
}

function actorOf(value: unknown): Actor | undefined {
  if (!isJsonObject(value)) return undefined;
  const { kind, id } = value;
  const known = ACTOR_KINDS.find((one) => one === kind);
  return known === undefined || typeof id !== 'string' ? undefined : { kind: known, id };
}
