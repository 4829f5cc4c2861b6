import type { DocumentGroup, DocumentsDefinition, DocumentStore } from '#libs/core';

/**
 * Opens a group with the definitions of this build that it was made with; `undefined` where it is not there, or was
 * made by a build whose projections were others: then it must be built anew.
 */
export async function openGroup<Definition extends DocumentsDefinition>(
  store: DocumentStore,
  id: string,
  projections: readonly Definition[],
): Promise<{ readonly group: DocumentGroup; readonly mine: readonly Definition[] } | undefined> {
  const madeWith = await store.madeWith(id);
  if (madeWith === undefined) return undefined;
  const mine = projections.filter(({ name, version }) =>
    madeWith.some((made) => made.name === name && made.version === version),
  );
  return mine.length === madeWith.length ? { group: await store.open(id, mine), mine } : undefined;
}
