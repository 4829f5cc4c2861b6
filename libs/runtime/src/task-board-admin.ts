import type { TaskBoard } from '#libs/core';
import type { Actor } from '#libs/trust';
import { ProjectionAdmin } from './projection-admin';
import type { ProjectionStatus, VerificationStatus, VerifyScope } from './projection-admin';
import { projectionStatuses } from './projection-status';
import type { StatusPorts } from './projection-status';
import { openStatus } from './projection-tasks';
import type { ProjectionTask, ProjectionTaskStatus } from './projection-tasks';
import type { RebuildStatus } from './group-orders';

export interface TaskBoardAdminPorts extends StatusPorts {
  readonly board: TaskBoard;
  readonly newId: () => string;
}

/** Asks the projectors, wherever they run, by a board that all processes see. */
export class TaskBoardAdmin extends ProjectionAdmin {
  constructor(private readonly ports: TaskBoardAdminPorts) {
    super();
  }

  projections(): Promise<readonly ProjectionStatus[]> {
    return projectionStatuses(this.ports);
  }

  rebuild(names: readonly string[]): Promise<string | undefined> {
    return this.#post({ kind: 'rebuild', taskId: this.ports.newId(), names });
  }

  activate(model: string, actor: Actor): Promise<string | undefined> {
    return this.#post({ kind: 'activate', taskId: this.ports.newId(), model, actor });
  }

  async rollback(names: readonly string[], actor: Actor): Promise<string | undefined> {
    const pointers = await this.ports.store.pointers();
    const to = pointers.find(({ projection }) => names.includes(projection))?.previous;
    return this.#post({ kind: 'rollback', taskId: this.ports.newId(), names, to, actor });
  }

  retry(names: readonly string[]): Promise<string | undefined> {
    return this.#post({ kind: 'retry', taskId: this.ports.newId(), names });
  }

  async rebuildStatus(rebuildId: string): Promise<RebuildStatus | undefined> {
    const found = await this.#find(rebuildId);
    return found?.kind === 'rebuild' ? found.status : undefined;
  }

  verify(scope: VerifyScope): Promise<string | undefined> {
    return this.#post({ kind: 'verify', taskId: this.ports.newId(), scope });
  }

  async verification(verificationId: string): Promise<VerificationStatus | undefined> {
    const found = await this.#find(verificationId);
    return found?.kind === 'verification' ? found.status : undefined;
  }

  /** A projector that has stopped tells it by its own health. */
  fault(): string | undefined {
    return undefined;
  }

  async #post(task: ProjectionTask): Promise<string | undefined> {
    const { taskId, kind } = task;
    const posted = await this.ports.board.post({ taskId, kind, body: JSON.stringify(task) });
    return posted ? taskId : undefined;
  }

  async #find(taskId: string): Promise<ProjectionTaskStatus | undefined> {
    const task = await this.ports.board.find(taskId);
    if (task === undefined) return undefined;
    // Both texts are this build's own, or an older one's of the same shape.
    const status: ProjectionTaskStatus | undefined =
      task.status === undefined || task.status === '{}' ? undefined : JSON.parse(task.status);
    return status ?? openStatus(JSON.parse(task.body));
  }
}
