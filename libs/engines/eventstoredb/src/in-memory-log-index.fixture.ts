import type { HeldKey, IndexedPlace, IndexEntry, LogIndex } from '#libs/core';

interface Noted {
  readonly entry: IndexEntry;
  readonly confirmed: boolean;
  readonly forgotten: boolean;
}

/** For tests only: it is gone with the process. */
export class InMemoryLogIndex implements LogIndex {
  /** By event id. */
  readonly entries = new Map<string, Noted>();
  /** Who holds a key, by event id. */
  readonly holders = new Map<string, string>();
  readonly #streams = new Set<string>();

  async reserve(entries: readonly IndexEntry[]): Promise<readonly HeldKey[]> {
    const held: HeldKey[] = [];
    for (const entry of entries) {
      const { key } = entry;
      const holder = key === undefined ? undefined : this.holder(key);
      if (key !== undefined && holder !== undefined && holder.entry.eventId !== entry.eventId) {
        held.push({ key, ...placeOf(holder) });
      } else this.#note(entry, false);
    }
    return Promise.resolve(held);
  }

  async take(held: HeldKey, entry: IndexEntry): Promise<boolean> {
    const holder = this.holder(held.key);
    if (holder === undefined || holder.confirmed) return Promise.resolve(false);
    const { stream, revision } = holder.entry;
    if (stream !== held.stream || revision !== held.revision) return Promise.resolve(false);
    this.#note(entry, false);
    return Promise.resolve(true);
  }

  async confirm(entries: readonly IndexEntry[]): Promise<void> {
    for (const entry of entries) {
      const holder = entry.key === undefined ? undefined : this.holder(entry.key);
      const taken = holder !== undefined && holder.confirmed && holder.entry.eventId !== entry.eventId;
      this.#note(taken ? { ...entry, key: undefined } : entry, true);
    }
    return Promise.resolve();
  }

  async forget(eventIds: readonly string[]): Promise<void> {
    for (const id of eventIds) {
      const noted = this.entries.get(id);
      if (noted?.confirmed === false) this.entries.set(id, { ...noted, forgotten: true });
    }
    return Promise.resolve();
  }

  async find(references: readonly string[]): Promise<readonly (IndexedPlace | undefined)[]> {
    return Promise.resolve(
      references.map((reference) => {
        const noted = this.entries.get(reference);
        if (noted !== undefined) return noted.forgotten ? undefined : placeOf(noted);
        const holder = this.holder(reference);
        return holder === undefined ? undefined : placeOf(holder);
      }),
    );
  }

  async states(targets: readonly string[]): Promise<readonly IndexEntry[]> {
    const known = [...this.entries.values()].filter(({ forgotten }) => !forgotten);
    const states = known.map(({ entry }) => entry).filter(({ about }) => about?.role === 'state');
    return Promise.resolve(
      states.filter(({ about }) => about !== undefined && targets.includes(about.target)),
    );
  }

  async streams(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ items: readonly string[]; next?: string }> {
    const all = [...this.#streams].toSorted().filter((stream) => cursor === undefined || stream > cursor);
    const items = all.slice(0, limit);
    const next = all.length > limit ? items[items.length - 1] : undefined;
    return Promise.resolve(next === undefined ? { items } : { items, next });
  }

  holder(key: string): Noted | undefined {
    return this.entries.get(this.holders.get(key) ?? '');
  }

  /** As after a loss of what it had. */
  clear(): void {
    this.entries.clear();
    this.holders.clear();
    this.#streams.clear();
  }

  #note(entry: IndexEntry, confirmed: boolean): void {
    const before = this.entries.get(entry.eventId);
    const settled = before?.confirmed === true || confirmed;
    this.entries.set(entry.eventId, { entry, confirmed: settled, forgotten: false });
    if (entry.key !== undefined) this.holders.set(entry.key, entry.eventId);
    if (entry.revision === 0) this.#streams.add(entry.stream);
  }
}

function placeOf({ entry: { stream, revision }, confirmed }: Noted): IndexedPlace {
  return { stream, revision, confirmed };
}
