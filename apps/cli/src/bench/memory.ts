import type { ChildServer } from './child-server';
import { rounded } from './statistics';

const SAMPLE_MS = 500;
const MIB = 1_048_576;

/** How much more memory than at rest a server takes while something runs, looked at twice a second. */
export class MemoryWatch {
  readonly #idle: number | undefined;
  #most: number;
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly server: ChildServer) {
    this.#idle = server.memory();
    this.#most = this.#idle ?? 0;
    this.#timer = setInterval(() => (this.#most = Math.max(this.#most, server.memory() ?? 0)), SAMPLE_MS);
  }

  stop(): {
    readonly overIdleMiB: number | null;
    readonly idleMiB: number | null;
    readonly mostMiB: number | null;
  } {
    clearInterval(this.#timer);
    if (this.#idle === undefined) return { overIdleMiB: null, idleMiB: null, mostMiB: null };
    const most = Math.max(this.#most, this.server.memory() ?? 0);
    return { overIdleMiB: inMiB(most - this.#idle), idleMiB: inMiB(this.#idle), mostMiB: inMiB(most) };
  }
}

function inMiB(bytes: number): number {
  return rounded(bytes / MIB, 1);
}
