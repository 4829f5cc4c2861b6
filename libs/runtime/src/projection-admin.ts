import type { LedgerReport } from './verify-ledger';
import type { RebuildStatus } from './projector';

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly group: string;
  /** Events of the feed that the group has not folded yet. */
  readonly lagEvents: number;
  /** Age of the first event of the log that it has not folded; 0 where there is none. */
  readonly lagSeconds: number;
  /** Customers whose events wait because a fold throws. Parking is not there yet: a throw stops the group. */
  readonly parked: readonly never[];
}

export const VERIFY_SCOPES = ['ledger', 'readmodels'] as const;
export type VerifyScope = (typeof VERIFY_SCOPES)[number];

export interface VerificationStatus {
  readonly verificationId: string;
  readonly scope: VerifyScope;
  readonly state: 'running' | 'done' | 'failed';
  readonly events: number;
  /** True where nothing differs; missing until done. */
  readonly ok?: boolean;
  readonly ledger?: LedgerReport;
  readonly readModels?: RebuildStatus['parity'];
  readonly fault?: string;
}

/** Long work on read models, done by whoever owns them. One task at a time. */
export abstract class ProjectionAdmin {
  abstract projections(): Promise<readonly ProjectionStatus[]>;
  /** Builds beside, compares, switches. `undefined` where a task is running already. */
  abstract rebuild(projections: readonly string[]): Promise<string | undefined>;
  abstract rebuildStatus(rebuildId: string): Promise<RebuildStatus | undefined>;
  /** Recomputes from the log; changes nothing. `undefined` where a task is running already. */
  abstract verify(scope: VerifyScope): Promise<string | undefined>;
  abstract verification(verificationId: string): Promise<VerificationStatus | undefined>;
  /** Why projecting has stopped, if it has. */
  abstract fault(): string | undefined;
}
