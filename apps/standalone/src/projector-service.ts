import { Projector, runProjectionTask } from '#libs/runtime';
import type { Actor } from '#libs/trust';
import type { ProjectionTask } from '#libs/runtime';
import { foldOnThreads } from './fold-on-threads';
import { openProjectorEngines } from './projector-engines';
import type { ProjectorEngines } from './projector-engines';
import type { ProjectorMessage, ProjectorStart } from './projector-messages';

/** Follows the log with every group of projections, and carries out rebuilds and verifications between batches. */
export class ProjectorService {
  readonly #names: readonly string[];
  #waiting: { readonly done: () => void; readonly failed: (error: Error) => void } | undefined;

  private constructor(
    private readonly engines: ProjectorEngines,
    private readonly projector: Projector,
    private readonly tell: (message: ProjectorMessage) => void,
  ) {
    this.#names = engines.projections.plain.map(({ name }) => name);
  }

  static async open(
    start: ProjectorStart,
    tell: (message: ProjectorMessage) => void,
  ): Promise<ProjectorService> {
    const engines = await openProjectorEngines(start);
    const ports = { ...engines, alone: true, foldAside: foldOnThreads(start) };
    const projector = new Projector(ports, (fault) => tell({ kind: 'fault', fault: fault.message }));
    await projector.start();
    const service = new ProjectorService(engines, projector, tell);
    // What fails or is stopped the next start does; until then what was served serves, and its status says so.
    service.#followActivation().catch(() => undefined);
    return service;
  }

  /** The process may have ended between an activation and the switch to what it activated: then it goes on. */
  async #followActivation(): Promise<void> {
    const model = await this.engines.models.active();
    if (model === undefined || model === (await this.projector.servingModel())) return;
    const order = { taskId: 'resumed', names: this.#names, keep: true };
    const activate = { model, ready: async () => undefined };
    await this.projector.build({ ...order, activate }, () => undefined);
  }

  async run(task: ProjectionTask): Promise<void> {
    const { log, keyring } = this.engines;
    const activated = (model: string, actor: Actor): Promise<void> =>
      new Promise((done, failed) => {
        this.#waiting = { done, failed };
        this.tell({ kind: 'activate', model, actor });
      });
    const ports = { projector: this.projector, log, keyring, names: this.#names, activated };
    await runProjectionTask(task, ports, this.tell);
    this.tell({ kind: 'idle' });
  }

  /** The answer to `activate`. */
  activated(fault: string | undefined): void {
    if (fault === undefined) this.#waiting?.done();
    else this.#waiting?.failed(new Error(fault));
    this.#waiting = undefined;
  }

  async stop(): Promise<void> {
    await this.projector.stop();
    this.engines.close();
  }
}
