import type { Parity } from './compare-groups';

type RebuildState = 'building' | 'following' | 'comparing' | 'done' | 'failed';

export interface RebuildStatus {
  readonly rebuildId: string;
  readonly projections: readonly string[];
  readonly state: RebuildState;
  /** Share of the log folded, 0 to 1. */
  readonly progress: number;
  readonly events: number;
  readonly parity?: Parity;
  /** Customers that are parked still, after another try of all that were. */
  readonly parked?: number;
  readonly fault?: string;
}

/** What is to be built beside. */
export interface BuildOrder {
  readonly taskId: string;
  readonly names: readonly string[];
  /** Aborted where it is not to be gone on with. */
  readonly signal?: AbortSignal | undefined;
  /** False only compares. */
  readonly keep: boolean;
  /** Id of a model to build with, and what is done when the build has caught up; without it the one that serves. */
  readonly activate?: { readonly model: string; readonly ready: () => Promise<void> };
}

/** What is to serve again that served before. */
export interface RollBackOrder {
  readonly taskId: string;
  readonly names: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** The group that was meant when it was ordered; without it the one that served before whatever serves now. */
  readonly to?: string | undefined;
  /** Told the model of what is to serve, where it is another one, before it does. */
  readonly ready: (model: string) => Promise<void>;
}

/** Streams that are to be tried again. */
export type RetryOrder = Pick<RollBackOrder, 'taskId' | 'names' | 'signal'>;

export type Report = (status: RebuildStatus) => void;

/** Tells how a task stands, whole, each time that something of it changes. */
export function teller(
  rebuildId: string,
  projections: readonly string[],
  report: Report,
): (change: Partial<RebuildStatus>) => void {
  let status: RebuildStatus = { rebuildId, projections, state: 'building', progress: 0, events: 0 };
  report(status);
  return (change) => report((status = { ...status, ...change }));
}
