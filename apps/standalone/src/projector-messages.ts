import type { RebuildStatus, VerificationStatus, VerifyScope } from '#libs/runtime';

/** What the projector's thread is started with. The root key stays within the process. */
export interface ProjectorStart {
  readonly directory: string;
  readonly rootKey: Uint8Array;
}

export type ProjectorTask =
  | { readonly kind: 'rebuild'; readonly taskId: string; readonly names: readonly string[] }
  | { readonly kind: 'verify'; readonly taskId: string; readonly scope: VerifyScope }
  | { readonly kind: 'stop' };

export type ProjectorMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'rebuild'; readonly status: RebuildStatus }
  | { readonly kind: 'verification'; readonly status: VerificationStatus }
  | { readonly kind: 'idle' }
  | { readonly kind: 'fault'; readonly fault: string };
