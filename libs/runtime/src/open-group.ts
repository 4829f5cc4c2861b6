import type { DocumentGroup, DocumentStore, Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import type { ProjectionSet } from './projection-set';

export interface OpenedGroup {
  readonly group: DocumentGroup;
  readonly mine: readonly Projection<SeenEvent>[];
  /** Id of the fitted model that it folds with. */
  readonly model: string | undefined;
}

/**
 * Opens a group with the projections of this build, and the model, that it was made with; `undefined` where it is not
 * there, or was made by a build whose projections were others: then it must be built anew.
 */
export async function openGroup(
  store: DocumentStore,
  id: string,
  projections: ProjectionSet,
): Promise<OpenedGroup | undefined> {
  const madeWith = await store.madeWith(id);
  if (madeWith === undefined) return undefined;
  const model = madeWith.find((made) => made.model !== undefined)?.model;
  const all = model === undefined ? projections.plain : await projections.with(model);
  const mine = all.filter((one) =>
    madeWith.some(
      ({ name, version, model: by }) => name === one.name && version === one.version && by === one.model,
    ),
  );
  if (mine.length !== madeWith.length) return undefined;
  return { group: await store.open(id, mine), mine, model };
}
