import type { Snapshot, Snapshots } from '#libs/core';
import type { Storage } from '../storage-thread';
import type { SnapshotFile } from './snapshots';

/** Snapshots waiting to be stored; the oldest are dropped beyond it, for they are disposable. */
const MAX_WAITING = 1_000;

export class EmbeddedSnapshots implements Snapshots {
  #waiting = new Map<string, Snapshot>();
  #saving = false;

  constructor(
    private readonly storage: Storage,
    private readonly file: SnapshotFile,
  ) {}

  async load(stream: string): Promise<Snapshot | undefined> {
    return this.#waiting.get(stream) ?? this.file.load(stream);
  }

  /** Returns at once: nobody waits for what may be lost. */
  async save(snapshot: Snapshot): Promise<void> {
    this.#waiting.set(snapshot.stream, snapshot);
    if (this.#waiting.size > MAX_WAITING) {
      const oldest = this.#waiting.keys().next();
      if (oldest.done !== true) this.#waiting.delete(oldest.value);
    }
    if (this.#saving) return;
    this.#saving = true;
    setImmediate(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting.values()];
      try {
        await this.storage.call('saveSnapshots', batch);
      } catch {
        // A snapshot that is not stored costs time at the next start, nothing else.
      }
      for (const snapshot of batch) {
        if (this.#waiting.get(snapshot.stream) === snapshot) this.#waiting.delete(snapshot.stream);
      }
    }
    this.#saving = false;
  }
}
