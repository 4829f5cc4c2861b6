import type { ProjectionTask, ProjectionTaskStatus } from '#libs/runtime';

/** What the projector's thread is started with. The root key stays within the process. */
export interface ProjectorStart {
  readonly directory: string;
  readonly rootKey: Uint8Array;
}

export type ProjectorTask = ProjectionTask | { readonly kind: 'stop' };

export type ProjectorMessage =
  | { readonly kind: 'ready' }
  | ProjectionTaskStatus
  | { readonly kind: 'idle' }
  | { readonly kind: 'fault'; readonly fault: string };
