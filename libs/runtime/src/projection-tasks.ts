import { messageOf } from '#libs/core';
import type { EventLog } from '#libs/core';
import type { Actor } from '#libs/trust';
import type { Keyring } from './keyring';
import type { VerificationStatus, VerifyScope } from './projection-admin';
import type { RebuildStatus } from './group-orders';
import type { Projector } from './projector';
import { verifyLedger } from './verify-ledger';

/** Long work on the read models, asked for by one process or thread and done by another. */
export type ProjectionTask =
  | {
      /** Build beside and switch; let the group serve that served before; try again what is parked. */
      readonly kind: 'rebuild' | 'retry';
      readonly taskId: string;
      readonly names: readonly string[];
    }
  | {
      readonly kind: 'rollback';
      readonly taskId: string;
      readonly names: readonly string[];
      /** Where others may carry it out again after a crash: the group that was meant. */
      readonly to?: string | undefined;
      readonly actor: Actor;
    }
  | { readonly kind: 'activate'; readonly taskId: string; readonly model: string; readonly actor: Actor }
  | { readonly kind: 'verify'; readonly taskId: string; readonly scope: VerifyScope };

export type ProjectionTaskStatus =
  | { readonly kind: 'rebuild'; readonly status: RebuildStatus }
  | { readonly kind: 'verification'; readonly status: VerificationStatus };

export interface ProjectionTaskPorts {
  readonly projector: Projector;
  readonly log: EventLog;
  readonly keyring: Keyring;
  /** Names of all projections. */
  readonly names: readonly string[];
  /** Aborted where the task is not to be gone on with. */
  readonly signal?: AbortSignal;
  /** Appends that a model is the active one, before its read models serve. */
  readonly activated: (model: string, actor: Actor) => Promise<void>;
}

/** What another model is asked for, as it is told until somebody has begun. */
const OF_MODELS = ['segments'];

/** Progress of a verification is told this often. */
const TELL_EVERY_MS = 200;

/** How a task stands before anybody has begun it. */
export function openStatus(task: ProjectionTask): ProjectionTaskStatus {
  if (task.kind !== 'verify') {
    const { taskId: rebuildId } = task;
    const projections = task.kind === 'activate' ? OF_MODELS : task.names;
    return {
      kind: 'rebuild',
      status: { rebuildId, projections, state: 'building', progress: 0, events: 0 },
    };
  }
  const { taskId: verificationId, scope } = task;
  return { kind: 'verification', status: { verificationId, scope, state: 'running', events: 0 } };
}

/** Carries one task out and tells how it stands; what fails is told as well, and rejects nothing. */
export async function runProjectionTask(
  task: ProjectionTask,
  ports: ProjectionTaskPorts,
  tell: (status: ProjectionTaskStatus) => void,
): Promise<void> {
  if (task.kind !== 'verify') {
    // A failure is told in the status.
    await changeServing(task, ports, (status) => tell({ kind: 'rebuild', status })).catch(() => undefined);
    return;
  }
  const { taskId: verificationId, scope } = task;
  let status: VerificationStatus = { verificationId, scope, state: 'running', events: 0 };
  const change = (changes: Partial<VerificationStatus>): void => {
    status = { ...status, ...changes };
    tell({ kind: 'verification', status });
  };
  try {
    change(await (scope === 'ledger' ? verifyRecords(ports, change) : verifyReadModels(task, ports, change)));
  } catch (error) {
    change({ state: 'failed', fault: messageOf(error) });
  }
}

async function changeServing(
  task: Exclude<ProjectionTask, { kind: 'verify' }>,
  { projector, names, activated, signal }: ProjectionTaskPorts,
  report: (status: RebuildStatus) => void,
): Promise<void> {
  const { kind, taskId } = task;
  switch (kind) {
    case 'rebuild':
      await projector.build({ taskId, names: task.names, keep: true, signal }, report);
      return;
    case 'activate': {
      const { model, actor } = task;
      const activate = { model, ready: () => activated(model, actor) };
      // All of them: what stayed where it is would be folded there, with what has moved, and what has moved again here.
      await projector.build({ taskId, names, keep: true, activate, signal }, report);
      return;
    }
    case 'rollback': {
      const ready = (model: string): Promise<void> => activated(model, task.actor);
      await projector.rollBack({ taskId, names: task.names, to: task.to, ready, signal }, report);
      return;
    }
    case 'retry':
      await projector.retryParked({ taskId, names: task.names, signal }, report);
  }
}

type Change = (changes: Partial<VerificationStatus>) => void;

async function verifyRecords(
  { log, keyring, signal }: ProjectionTaskPorts,
  change: Change,
): Promise<Partial<VerificationStatus>> {
  let toldAt = 0;
  const ledger = await verifyLedger(log, keyring, (events) => {
    if (signal?.aborted === true) throw new Error('stopped before it was done');
    if (Date.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = Date.now();
    change({ events });
  });
  return { state: 'done', ok: ledger.faultCount === 0, events: ledger.events, ledger };
}

async function verifyReadModels(
  { taskId }: ProjectionTask,
  { projector, names, signal }: ProjectionTaskPorts,
  change: Change,
): Promise<Partial<VerificationStatus>> {
  const order = { taskId, names, keep: false, signal };
  const parity = await projector.build(order, ({ events }) => change({ events }));
  return { state: 'done', ok: parity.differing === 0, readModels: parity };
}
