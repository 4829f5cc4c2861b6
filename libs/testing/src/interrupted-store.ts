import type { DocumentGroup, DocumentStore } from '#libs/core';
import { withMethods } from './poisoned';

/** What is done before documents are written into a group, and after pointers were moved. */
export interface Interruption {
  readonly commit?: (id: string) => Promise<void>;
  readonly point?: () => Promise<void>;
}

export function interruptedStore(store: DocumentStore, by: Interruption): DocumentStore {
  return withMethods<DocumentStore>(store, {
    async open(id, definitions) {
      const group = await store.open(id, definitions);
      const commit: DocumentGroup['commit'] = async (batch) => {
        await by.commit?.(id);
        return group.commit(batch);
      };
      return withMethods(group, { commit });
    },
    async point(moved) {
      await store.point(moved);
      await by.point?.();
    },
  });
}

/** Number of a group, without what makes its id the only one. */
export function numbered(id: string): string {
  return id.replace(/-.*/, '');
}
