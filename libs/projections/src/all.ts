import type { Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { profile } from './profile';
import { purchases } from './purchases';
import { timeline } from './timeline';

/** Every read model of this build. */
export const projections: readonly Projection<SeenEvent>[] = [profile, timeline, purchases];
