import { once } from 'node:events';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { messageOf } from '#libs/core';
import { CliError } from '../verb';
import type { VerbContext } from '../verb';

export const PART_SUFFIX = '.part';
/** Characters that wait for the next write. */
const BUFFER_CHARACTERS = 64 * 1024;
/** Exports hold what customers said: nobody else's business, also while they are written. */
const FILE_MODE = 0o600;

/** Where an export goes. Either `finish` or `abandon` ends it. */
export interface ExportOutput {
  write(text: string): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

export function toStdout({ stdout }: Pick<VerbContext, 'stdout'>): ExportOutput {
  let buffer = '';
  const flush = async (): Promise<void> => {
    const text = buffer;
    buffer = '';
    // An export may be larger than memory, and its reader slower than the ledger.
    if (stdout.write(text) === false && stdout === process.stdout) await once(process.stdout, 'drain');
  };
  return {
    async write(text) {
      buffer += text;
      if (buffer.length >= BUFFER_CHARACTERS) await flush();
    },
    finish: flush,
    // What was read is there; the exit code says that it is not all.
    abandon: flush,
  };
}

/** Writes beside the file, and gives it its name when it is whole: a file of that name is never half an export. */
export async function toFile(file: string): Promise<ExportOutput> {
  const part = file + PART_SUFFIX;
  const handle = await told(file, () => openPart(file, part));
  const mine = await handle.stat();
  /** Whether the name still is that of the file that was opened, and not of another export's. */
  const isMine = async (): Promise<boolean> => {
    const there = await stat(part).catch(() => undefined);
    return there?.ino === mine.ino && there.dev === mine.dev;
  };
  let buffer = '';
  const flush = async (): Promise<void> => {
    const text = buffer;
    buffer = '';
    await told(file, () => handle.appendFile(text));
  };
  return {
    async write(text) {
      buffer += text;
      if (buffer.length >= BUFFER_CHARACTERS) await flush();
    },
    async finish() {
      await flush();
      await told(file, async () => {
        await handle.sync();
        if (!(await isMine())) throw new Error('another export writes it at the same time');
        await handle.close();
        await rename(part, file);
      });
    },
    async abandon() {
      await handle.close().catch(() => undefined);
      if (await isMine()) await rm(part, { force: true });
    },
  };
}

/** What a killed export left goes; `wx`, so that nobody's link is written through. */
async function openPart(file: string, part: string): Promise<FileHandle> {
  const there = await stat(file).catch(() => undefined);
  if (there?.isDirectory() === true) throw new Error('it is a directory');
  await rm(part, { force: true });
  return open(part, 'wx', FILE_MODE);
}

async function told<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new CliError(`${file} can't be written: ${messageOf(error)}`, { cause: error });
  }
}
