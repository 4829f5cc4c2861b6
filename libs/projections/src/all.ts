import type { Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import type { RfmModel } from '#libs/insight';
import { contacts } from './contacts';
import { directory } from './directory';
import { loyalty } from './loyalty';
import { profile } from './profile';
import { purchases } from './purchases';
import { satisfaction } from './satisfaction';
import { segmentMoves } from './segment-moves';
import { segmentSizes } from './segment-sizes';
import { segments } from './segments';
import { timeline } from './timeline';

/** Every read model of this build, each after those that it is folded after; segments by a model, once there is one. */
export function projectionsWith(model: RfmModel | undefined): readonly Projection<SeenEvent>[] {
  return [
    profile,
    timeline,
    purchases,
    loyalty,
    segments(model),
    segmentSizes,
    segmentMoves,
    directory,
    contacts,
    satisfaction,
  ];
}

/** Every read model of this build, before any model. */
export const projections: readonly Projection<SeenEvent>[] = projectionsWith(undefined);
