import type { Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';

type Projections = readonly Projection<SeenEvent>[];

/** The projections of this build. Some fold with the parameters of a fitted model: another model is another version. */
export interface ProjectionSet {
  /** As they are before any model was activated; of all of them names and indexes. Each after those named in its `after`. */
  readonly plain: Projections;
  /** With a model's parameters. Throws where the ledger has no such model. */
  with(modelId: string): Promise<Projections>;
  /** Id of the model that was activated last; `undefined` where none ever was. */
  active(): Promise<string | undefined>;
}

/** Projections that know of no model. */
export function fixedSet(plain: Projections): ProjectionSet {
  return {
    plain,
    with: () => Promise.reject(new Error('these projections take no model')),
    active: async () => undefined,
  };
}

/** These projections and all that are folded together with them: what must be built, switched and rolled back at once. */
export function together(plain: Projections, names: readonly string[]): readonly string[] {
  const chosen = new Set(names);
  for (let size = -1; size !== chosen.size;) {
    size = chosen.size;
    for (const { name, after = [] } of plain) {
      const linked = [name, ...after];
      // What comes after something that is rebuilt is rebuilt too, and nothing is folded without what it comes after.
      if (after.length > 0 && linked.some((one) => chosen.has(one))) linked.forEach((one) => chosen.add(one));
    }
  }
  return plain.map(({ name }) => name).filter((name) => chosen.has(name));
}
