import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { EmbeddedDocumentStore, EmbeddedEventFeed, FILES, readOnlyEngines } from '#libs/engines/embedded';
import { projections } from '#libs/projections';
import { breathe, Keyring, openSecrets, Projector, verifyLedger } from '#libs/runtime';
import type { VerificationStatus } from '#libs/runtime';
import type { ProjectorMessage, ProjectorStart, ProjectorTask } from './projector-messages';

/** Progress of a task is told this often. */
const TELL_EVERY_MS = 200;

type Task = Exclude<ProjectorTask, { kind: 'stop' }>;

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
    const ports = { log: engines.log, feed, store, keyring, topicId: secrets.ledgerId, projections };
    const projector = new Projector(ports, (fault) => tell({ kind: 'fault', fault: fault.message }));
    await projector.start();
    return new ProjectorService(engines, store, keyring, projector, tell);
  }

  async run(task: Task): Promise<void> {
    try {
      if (task.kind === 'rebuild') await this.#rebuild(task.names, task.taskId);
      else if (task.scope === 'ledger') await this.#verifyLedger(task.taskId);
      else await this.#verifyReadModels(task.taskId);
    } catch {
      // Told in the task's own status; the projector itself goes on.
    }
    this.tell({ kind: 'idle' });
  }

  async stop(): Promise<void> {
    await this.projector.stop();
    this.store.close();
    this.engines.close();
  }

  async #rebuild(names: readonly string[], rebuildId: string): Promise<void> {
    await this.projector.build(names, (status) => this.tell({ kind: 'rebuild', status }), rebuildId, true);
  }

  async #verifyReadModels(verificationId: string): Promise<void> {
    let status: VerificationStatus = { verificationId, scope: 'readmodels', state: 'running', events: 0 };
    const tell = (change: Partial<VerificationStatus>): void => {
      status = { ...status, ...change };
      this.tell({ kind: 'verification', status });
    };
    const names = projections.map(({ name }) => name);
    try {
      const parity = await this.projector.build(
        names,
        ({ events }) => tell({ events }),
        verificationId,
        false,
      );
      tell({ state: 'done', ok: parity.differing === 0, readModels: parity });
    } catch (error) {
      tell({ state: 'failed', fault: messageOf(error) });
    }
  }

  async #verifyLedger(verificationId: string): Promise<void> {
    let status: VerificationStatus = { verificationId, scope: 'ledger', state: 'running', events: 0 };
    let toldAt = 0;
    const tell = (change: Partial<VerificationStatus>): void => {
      status = { ...status, ...change };
      this.tell({ kind: 'verification', status });
    };
    try {
      const ledger = await verifyLedger(this.engines.log, this.keyring, async (_streams, events) => {
        if (Date.now() - toldAt > TELL_EVERY_MS) {
          toldAt = Date.now();
          tell({ events });
        }
        await breathe();
      });
      tell({ state: 'done', ok: ledger.faultCount === 0, events: ledger.events, ledger });
    } catch (error) {
      tell({ state: 'failed', fault: messageOf(error) });
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault';
}
