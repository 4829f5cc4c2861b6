import { EngineError } from '#libs/core';
import { DataDirectoryError, ForeignFileError } from '#libs/engines/embedded';
import { RootKeyError } from '#libs/runtime';
import { CliError } from './verb';

type ErrorClass = abstract new (...args: never[]) => Error;

/** Whoever sits at the keyboard can mend it. */
const CLEAR: readonly ErrorClass[] = [EngineError, DataDirectoryError, ForeignFileError, RootKeyError];

/** Long work on engines: the first signal breaks it off in good order; what `CLEAR` and `more` name is told in one line. */
export async function interruptible<Result>(
  more: readonly ErrorClass[],
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const breakOff = (): void => stop.abort(new CliError('broken off: run it again'));
  process.once('SIGINT', breakOff).once('SIGTERM', breakOff);
  try {
    return await work(stop.signal);
  } catch (error) {
    if (error instanceof Error && [...CLEAR, ...more].some((known) => error instanceof known)) {
      throw new CliError(error.message, { cause: error });
    }
    throw error;
  } finally {
    process.off('SIGINT', breakOff).off('SIGTERM', breakOff);
  }
}
