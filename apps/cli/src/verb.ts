/** A ledger's server, found or started for this call. */
export interface Connection {
  readonly url: string;
  readonly key: string;
  close(): Promise<void>;
}

interface Output {
  write(text: string): unknown;
}

/** What every verb is given. */
export interface VerbContext {
  /** Finds the live server of the data directory, or starts a private one on it. `existing`: never make a new ledger. */
  connect(options?: { readonly existing?: boolean }): Promise<Connection>;
  readonly dataDirectory: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether stderr is a terminal. */
  readonly isTTY: boolean;
  /** Whether `--json` was given before the verb. */
  readonly json: boolean;
}

export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  /** Resolves to the exit code: 0 only when all is well, 1 when something is not, 2 for a wrong call. */
  run(args: string[], context: VerbContext): Promise<number>;
}

export const EXIT_OK = 0;
export const EXIT_NOT_ALL_WELL = 1;
export const EXIT_USAGE = 2;

/** A wrong call: told in one line, together with where help is. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something that the person at the keyboard can understand and mend: told in one line, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
