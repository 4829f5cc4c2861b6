import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { ImportError } from './import-error';
import type { Reject } from './rows-to-commands';

export const REJECTS_SUFFIX = '.rejects.ndjson';
/** Characters that wait for the next write. */
const BUFFER_CHARACTERS = 64 * 1024;

/** Where rejects go. Never holds more than a buffer of them. */
export interface RejectSink {
  write(reject: Reject): Promise<void>;
  /** The files that were written. */
  close(): Promise<readonly string[]>;
}

export function rejectLine({ at, rows, reason, code }: Reject): string {
  const { file, line, row } = at;
  return JSON.stringify({
    file,
    line,
    row,
    ...(rows > 1 && { rows }),
    ...(code !== undefined && { code }),
    reason,
  });
}

/** Takes away what an earlier import of these files left, so that a file of rejects is always of the last import. */
export async function removeOldRejects(files: readonly string[]): Promise<void> {
  for (const file of files) await rm(file + REJECTS_SUFFIX, { force: true }).catch(() => undefined);
}

/** One file beside each input that has rejects; in the current directory where that cannot be written. */
export function rejectsFiles(): RejectSink {
  const targets = new Map<string, Promise<RejectsFile>>();
  const paths = new Set<string>();
  return {
    async write(reject) {
      const { file } = reject.at;
      let target = targets.get(file);
      if (target === undefined) {
        target = openBeside(file, paths);
        targets.set(file, target);
      }
      await (await target).write(`${rejectLine(reject)}\n`);
    },
    async close() {
      for (const target of targets.values()) await (await target).close();
      return [...paths];
    },
  };
}

async function openBeside(input: string, taken: Set<string>): Promise<RejectsFile> {
  const name = basename(input) + REJECTS_SUFFIX;
  const beside = await tryOpen(input + REJECTS_SUFFIX, taken);
  if (beside !== undefined) return beside;
  // Two inputs of one name from two directories must not overwrite each other.
  for (let number = 1; number <= taken.size + 1; number += 1) {
    const path = resolve(number === 1 ? name : `${number}-${name}`);
    if (taken.has(path)) continue;
    const here = await tryOpen(path, taken);
    if (here !== undefined) return here;
  }
  throw new ImportError(
    `the rejects of ${input} can be written neither beside it nor into the current directory`,
  );
}

async function tryOpen(path: string, taken: Set<string>): Promise<RejectsFile | undefined> {
  try {
    const handle = await open(path, 'w');
    taken.add(path);
    return new RejectsFile(handle);
  } catch {
    return undefined;
  }
}

class RejectsFile {
  private buffer = '';
  /** Rows are refused here while the ledger refuses others: one write after another, or lines would mix. */
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly handle: FileHandle) {}

  async write(text: string): Promise<void> {
    this.buffer += text;
    if (this.buffer.length >= BUFFER_CHARACTERS) await this.flush();
  }

  async close(): Promise<void> {
    await this.flush();
    await this.handle.close();
  }

  private flush(): Promise<void> {
    const text = this.buffer;
    this.buffer = '';
    this.writing = this.writing.then(() => this.handle.appendFile(text));
    return this.writing;
  }
}
