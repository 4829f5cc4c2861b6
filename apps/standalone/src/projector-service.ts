import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { EmbeddedDocumentStore, EmbeddedEventFeed, FILES, readOnlyEngines } from '#libs/engines/embedded';
import { projections } from '#libs/projections';
import { Keyring, openSecrets, Projector, runProjectionTask } from '#libs/runtime';
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
  ) {}

  static async open(
    { directory, rootKey }: ProjectorStart,
    tell: (message: ProjectorMessage) => void,
  ): Promise<ProjectorService> {
    const engines = readOnlyEngines(directory);
    const store = new EmbeddedDocumentStore({ directory: join(directory, FILES.documents) });
    const secrets = await openSecrets(engines.vault, rootKey);
    const keyring = new Keyring(engines.vault, secrets, { bytes: randomBytes });
    const feed = new EmbeddedEventFeed(engines.log, secrets.ledgerId);
    const ports = { log: engines.log, feed, store, keyring, projections };
    const projector = new Projector(ports, (fault) => tell({ kind: 'fault', fault: fault.message }));
    await projector.start();
    return new ProjectorService(engines, store, keyring, projector, tell);
  }

  async run(task: ProjectionTask): Promise<void> {
    const { projector, keyring, engines } = this;
    const names = projections.map(({ name }) => name);
    await runProjectionTask(task, { projector, log: engines.log, keyring, names }, this.tell);
    this.tell({ kind: 'idle' });
  }

  async stop(): Promise<void> {
    await this.projector.stop();
    this.store.close();
    this.engines.close();
  }
}
