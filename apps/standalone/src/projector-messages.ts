import type { Actor } from '#libs/trust';
import type { ProjectionTask, ProjectionTaskStatus, Share } from '#libs/runtime';

/** What the projector's thread is started with. The root key stays within the process. */
export interface ProjectorStart {
  readonly directory: string;
  readonly rootKey: Uint8Array;
}

export type ProjectorTask =
  | ProjectionTask
  /** A model's activation is in the log, or could not be appended. */
  | { readonly kind: 'activated'; readonly fault?: string }
  | { readonly kind: 'stop' };

export type ProjectorMessage =
  | { readonly kind: 'ready' }
  | ProjectionTaskStatus
  /** The thread reads the ledger only: whoever owns it appends that a model is the active one, and says so. */
  | { readonly kind: 'activate'; readonly model: string; readonly actor: Actor }
  | { readonly kind: 'idle' }
  | { readonly kind: 'fault'; readonly fault: string };

/** What a thread is started with that folds a part of the customers into a group. */
export interface FoldingStart extends ProjectorStart {
  readonly groupId: string;
  readonly share: Share;
}

export type FoldingMessage =
  | { readonly kind: 'folded'; readonly events: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'fault'; readonly fault: string };
