/** Long work that one process asks for and another does: a rebuild, a verification. */
export interface Task {
  readonly taskId: string;
  readonly kind: string;
  /** JSON of what is to be done. */
  readonly body: string;
  /** JSON of how it stands; `undefined` until the first report. */
  readonly status?: string;
  readonly state: 'open' | 'running' | 'ended';
}

/** One task at a time in the whole ledger. A task whose owner fell silent is open again. */
export interface TaskBoard {
  /** False where another task is open or running. */
  post(task: Pick<Task, 'taskId' | 'kind' | 'body'>): Promise<boolean>;
  /** Takes the open task, if there is one, for `leaseMs`; a report renews the lease. */
  claim(owner: string, leaseMs: number): Promise<Task | undefined>;
  /** False where the task is not the owner's any more: stop. */
  report(
    taskId: string,
    owner: string,
    status: string,
    state: 'running' | 'ended',
    leaseMs: number,
  ): Promise<boolean>;
  find(taskId: string): Promise<Task | undefined>;
}
