import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedEngines, inlineStorage, StorageService, StorageThread } from '#libs/engines/embedded';
import type { EmbeddedEngines } from '#libs/engines/embedded';
import type { EngineUnderTest } from './engine-under-test';

/** Where the embedded engines' writers run: in the test's own thread, or in the built worker. */
export const STORAGES = ['inline', 'thread'] as const;
export type StorageKind = (typeof STORAGES)[number];

/** The embedded engines over a temporary data directory. */
export class EmbeddedDirectory implements EngineUnderTest<EmbeddedEngines> {
  readonly path = mkdtempSync(join(tmpdir(), 'touchstone-'));
  readonly fatal: Error[] = [];
  #engines: EmbeddedEngines | undefined;

  constructor(readonly kind: StorageKind = 'inline') {}

  async open(): Promise<EmbeddedEngines> {
    if (this.#engines !== undefined) throw new Error('the directory is open');
    const onFatal = (error: Error): void => void this.fatal.push(error);
    if (this.kind === 'inline') {
      const storage = inlineStorage(new StorageService(this.path));
      return (this.#engines = embeddedEngines(this.path, storage, onFatal));
    }
    const storage = new StorageThread(this.path);
    await storage.ready;
    return (this.#engines = embeddedEngines(this.path, storage, onFatal));
  }

  async close(): Promise<void> {
    const engines = this.#engines;
    this.#engines = undefined;
    await engines?.close();
  }

  async reopen(): Promise<EmbeddedEngines> {
    await this.close();
    return this.open();
  }

  async dispose(): Promise<void> {
    await this.close();
    rmSync(this.path, { recursive: true, force: true });
  }

  /** The same directory, seen as one port of it. */
  part<Port>(choose: (engines: EmbeddedEngines) => Port): EngineUnderTest<Port> {
    return {
      open: async () => choose(await this.open()),
      reopen: async () => choose(await this.reopen()),
      dispose: () => this.dispose(),
    };
  }
}
