import { homedir } from 'node:os';
import { join } from 'node:path';

/** A server that tests talk to, and may kill. */
export interface EngineServer {
  /** As the configuration takes it. */
  readonly address: string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again over what it left, at the same address; resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it and removes what it wrote. */
  stop(): Promise<void>;
}

/** What is fetched from package registries, once a machine; each engine has a folder of its own in it. */
export const CACHE_DIRECTORY = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'touchstone-engines',
);
