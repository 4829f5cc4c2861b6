import type { EventLog } from '#libs/core';
import type { Keyring } from './keyring';
import type { VerificationStatus, VerifyScope } from './projection-admin';
import type { Projector, RebuildStatus } from './projector';
import { verifyLedger } from './verify-ledger';
import { breathe } from './waiting';

/** Long work on the read models, asked for by one process or thread and done by another. */
export type ProjectionTask =
  | { readonly kind: 'rebuild'; readonly taskId: string; readonly names: readonly string[] }
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
}

/** Progress of a verification is told this often. */
const TELL_EVERY_MS = 200;

/** How a task stands before anybody has begun it. */
export function openStatus(task: ProjectionTask): ProjectionTaskStatus {
  if (task.kind === 'rebuild') {
    const { taskId: rebuildId, names: projections } = task;
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
  if (task.kind === 'rebuild') {
    const { projector } = ports;
    const report = (status: RebuildStatus): void => tell({ kind: 'rebuild', status });
    // A failure is told in the status.
    await projector.build(task.names, report, task.taskId, true).catch(() => undefined);
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
    change({ state: 'failed', fault: error instanceof Error ? error.message : 'unknown fault' });
  }
}

type Change = (changes: Partial<VerificationStatus>) => void;

async function verifyRecords(
  { log, keyring }: ProjectionTaskPorts,
  change: Change,
): Promise<Partial<VerificationStatus>> {
  let toldAt = 0;
  const ledger = await verifyLedger(log, keyring, async (_streams, events) => {
    if (Date.now() - toldAt > TELL_EVERY_MS) {
      toldAt = Date.now();
      change({ events });
    }
    await breathe();
  });
  return { state: 'done', ok: ledger.faultCount === 0, events: ledger.events, ledger };
}

async function verifyReadModels(
  { taskId }: ProjectionTask,
  { projector, names }: ProjectionTaskPorts,
  change: Change,
): Promise<Partial<VerificationStatus>> {
  const parity = await projector.build(names, ({ events }) => change({ events }), taskId, false);
  return { state: 'done', ok: parity.differing === 0, readModels: parity };
}
