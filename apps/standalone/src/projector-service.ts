import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { EmbeddedDocumentStore, EmbeddedEventFeed, FILES, readOnlyEngines } from '#libs/engines/embedded';
import { Keyring, Models, openSecrets, projectionsOf, Projector, runProjectionTask } from '#libs/runtime';
import type { Actor } from '#libs/trust';
import type { ProjectionTask } from '#libs/runtime';
import type { ProjectorMessage, ProjectorStart } from './projector-messages';

/** Follows the log with every group of projections, and carries out rebuilds and verifications between batches. */
export class ProjectorService {
  private constructor(
    private readonly engines: ReturnType<typeof readOnlyEngines>,
    private readonly store: EmbeddedDocumentStore,
    private readonly keyring: Keyring,
    private readonly projector: Projector,
    private readonly tell: (message: ProjectorMessage) => void,
    private readonly models: Models,
    private readonly names: readonly string[],
  ) {}

  #waiting: { readonly done: () => void; readonly failed: (error: Error) => void } | undefined;

  static async open(
    { directory, rootKey }: ProjectorStart,
    tell: (message: ProjectorMessage) => void,
  ): Promise<ProjectorService> {
    const engines = readOnlyEngines(directory);
    const store = new EmbeddedDocumentStore({ directory: join(directory, FILES.documents) });
    const secrets = await openSecrets(engines.vault, rootKey);
    const keyring = new Keyring(engines.vault, secrets, { bytes: randomBytes });
    const feed = new EmbeddedEventFeed(engines.log, secrets.ledgerId);
    const models = new Models(engines.log);
    const projections = projectionsOf(models);
    const ports = { log: engines.log, feed, store, keyring, projections, alone: true };
    const projector = new Projector(ports, (fault) => tell({ kind: 'fault', fault: fault.message }));
    await projector.start();
    const service = new ProjectorService(
      engines,
      store,
      keyring,
      projector,
      tell,
      models,
      projections.plain.map(({ name }) => name),
    );
    void service.#followActivation();
    return service;
  }

  /** The process may have ended between an activation and the switch to what it activated: then it goes on. */
  async #followActivation(): Promise<void> {
    const model = await this.models.active();
    if (model === undefined || model === (await this.projector.servingModel())) return;
    const order = { taskId: 'resumed', names: this.names, keep: true };
    const activate = { model, ready: async () => undefined };
    await this.projector.build({ ...order, activate }, () => undefined).catch(() => undefined);
  }

  async run(task: ProjectionTask): Promise<void> {
    const { projector, keyring, engines, names } = this;
    const activated = (model: string, actor: Actor): Promise<void> =>
      new Promise((done, failed) => {
        this.#waiting = { done, failed };
        this.tell({ kind: 'activate', model, actor });
      });
    await runProjectionTask(task, { projector, log: engines.log, keyring, names, activated }, this.tell);
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
    this.store.close();
    this.engines.close();
  }
}
