import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Undo = () => void;

/** Exit codes of a process that a signal ended, as shells count them. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * What has to be undone however the process ends: servers that it started, directories that it made. Everything in it
 * is synchronous, because nothing else still runs when a process exits.
 */
export class CleanUp {
  readonly #undo = new Set<Undo>();

  constructor(onSignal: (exitCode: number) => void = (exitCode) => process.exit(exitCode)) {
    process.on('exit', this.run);
    for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => onSignal(code));
  }

  /** Gives a function that takes `undo` off the list again. */
  add(undo: Undo): () => void {
    this.#undo.add(undo);
    return () => this.#undo.delete(undo);
  }

  /** Newest first: a server before the directory that it writes to. */
  readonly run = (): void => {
    for (const undo of [...this.#undo].toReversed()) {
      this.#undo.delete(undo);
      undo();
    }
  };

  /** A directory of our own, in `parent` or among the temporary ones, removed at the end unless `keep`. */
  directory(
    name: string,
    { parent, keep }: { readonly parent?: string | undefined; readonly keep: boolean },
  ): string {
    if (parent !== undefined) mkdirSync(parent, { recursive: true });
    const path = parent === undefined ? mkdtempSync(join(tmpdir(), `${name}-`)) : join(parent, name);
    mkdirSync(path, { recursive: true });
    if (!keep) this.add(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
    return path;
  }
}
