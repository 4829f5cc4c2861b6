import type { Actor } from '#libs/trust';
import type { LedgerReport } from './verify-ledger';
import type { RebuildStatus } from './group-orders';

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** Id of the fitted model that it folds with. */
  readonly model?: string;
  readonly group: string;
  /** Events of the feed that the group has not folded yet. */
  readonly lagEvents: number;
  /** Age of the first event of the log that it has not folded; 0 where there is none. */
  readonly lagSeconds: number;
  /** Customers whose events wait because one of them can't be read or folded; in all, and the first of them. */
  readonly parkedCount: number;
  readonly parked: readonly ParkedCustomer[];
}

export interface ParkedCustomer {
  readonly customerId: string;
  /** Of the last event that was folded; −1 where it was none. */
  readonly revision: number;
  /** When the event was recorded that can't be folded. */
  readonly since: string;
  readonly reason: string;
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
  /** Builds all read models with a fitted model beside, has it recorded as the active one, and switches. */
  abstract activate(model: string, actor: Actor): Promise<string | undefined>;
  /** Lets the group serve again that served before. */
  abstract rollback(projections: readonly string[], actor: Actor): Promise<string | undefined>;
  /** Tries parked customers again. */
  abstract retry(projections: readonly string[]): Promise<string | undefined>;
  /** Of any of these, by the id that it answered. */
  abstract rebuildStatus(rebuildId: string): Promise<RebuildStatus | undefined>;
  /** Recomputes from the log; changes nothing. `undefined` where a task is running already. */
  abstract verify(scope: VerifyScope): Promise<string | undefined>;
  abstract verification(verificationId: string): Promise<VerificationStatus | undefined>;
  /** Why projecting has stopped, if it has. */
  abstract fault(): string | undefined;
}
