import type { Checkpoint } from '#libs/core';
import type { Watermarks } from './topic';

/** Names no topic: the checkpoint of a catch-up under way, which is gone on with where it was broken off. */
export const CATCHING_UP = 'catching-up';

/** The offset at which a partition is read on; `undefined` where the topic lacks what is missing, so that the log must be read first. */
export function offsetIn(
  { low, high }: Watermarks,
  topicId: string,
  checkpoint: Checkpoint | undefined,
): number | undefined {
  if (checkpoint === undefined) return low === 0 ? 0 : undefined;
  const { offset } = checkpoint;
  return checkpoint.topicId === topicId && offset >= low && offset <= high ? offset : undefined;
}

export function sameCheckpoint(a: Checkpoint | undefined, b: Checkpoint | undefined): boolean {
  return a?.topicId === b?.topicId && a?.offset === b?.offset && a?.position === b?.position;
}
