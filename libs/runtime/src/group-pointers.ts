import { randomUUID } from 'node:crypto';
import type { DocumentGroup, DocumentStore, EventFeed, Pointer } from '#libs/core';
import { openGroup } from './open-group';
import type { ProjectionSet } from './projection-set';

const ID_CHARACTERS = 8;

export async function servingGroups(store: DocumentStore): Promise<readonly string[]> {
  return [...new Set((await store.pointers()).map(({ group }) => group))];
}

/** Id of the model that these are served with. A group may hold more than it serves. */
export async function modelOf(
  pointers: readonly Pointer[],
  store: DocumentStore,
  projections: ProjectionSet,
): Promise<string | undefined> {
  for (const { projection, group } of pointers) {
    const opened = await openGroup(store, group, projections);
    const model = opened?.mine.find(({ name }) => name === projection)?.model;
    if (model !== undefined) return model;
  }
  return undefined;
}

/** Throws where a group is not there any more: whoever built it was taken for dead. */
export async function mustBeThere(store: DocumentStore, id: string): Promise<void> {
  if ((await store.madeWith(id)) === undefined) throw new Error(`another process has dropped group ${id}`);
}

/** Points the queries for these to a group; what served them until now is remembered. */
export async function pointTo(store: DocumentStore, id: string, names: readonly string[]): Promise<void> {
  await mustBeThere(store, id);
  const pointers = await store.pointers();
  const moved = names.map((projection): Pointer => {
    const previous = pointers.find((pointer) => pointer.projection === projection)?.group;
    return previous === undefined ? { projection, group: id } : { projection, group: id, previous };
  });
  await store.point(moved);
}

/**
 * Drops groups that neither serve nor served before: older ones, and what a crash has left half built. Only where
 * nobody else can be building: within a task, of which there is one at a time in all processes, or alone.
 */
export async function dropLeftovers(store: DocumentStore): Promise<void> {
  const kept = new Set((await store.pointers()).flatMap(({ group, previous }) => [group, previous]));
  for (const group of await store.groups()) if (!kept.has(group)) await store.drop(group);
}

/**
 * `g<number>-<random>`. The number is for people. An id is never used twice: a process that was taken for dead, and
 * whose group was dropped, must not find its successor's under the name that it knows.
 */
export async function newGroupId(store: DocumentStore): Promise<string> {
  const numbers = (await store.groups()).map((id) => Number.parseInt(id.slice(1), 10));
  const number = Math.max(0, ...numbers.filter((one) => Number.isSafeInteger(one))) + 1;
  return `g${number}-${randomUUID().slice(0, ID_CHARACTERS)}`;
}

/** Whether a group has not folded yet what those that serve have folded, in any partition. */
export async function isBehind(
  built: DocumentGroup,
  store: DocumentStore,
  projections: ProjectionSet,
  feed: EventFeed,
): Promise<boolean> {
  const mine = await built.checkpoints();
  const ends = await feed.ends();
  for (const id of await servingGroups(store)) {
    const opened = await openGroup(store, id, projections);
    for (const [partition, theirs] of (await opened?.group.checkpoints()) ?? []) {
      const own = mine.get(partition);
      const end = ends.get(partition);
      // Theirs of another topic than today's say nothing: then the feed's own end is what counts.
      const goal = theirs.topicId === end?.topicId ? theirs.offset : (end?.offset ?? 0);
      if ((own?.topicId === end?.topicId ? (own?.offset ?? 0) : -1) < goal) return true;
    }
  }
  return false;
}
