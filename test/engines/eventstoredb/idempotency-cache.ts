/** What the real server keeps of it. */
const LIMIT_BYTES = 8 * 1024 * 1024;
/** Of an entry, beside the name of its stream. */
const ENTRY_BYTES = 28;

interface Written {
  readonly stream: string;
  readonly revision: number;
}

const sizeOf = ({ stream }: Written): number => ENTRY_BYTES + 2 * stream.length;

/** Ids of the latest events written, in memory only: first in, first out; empty after a restart. */
export class IdempotencyCache {
  #entries = new Map<string, Written>();
  #bytes = 0;

  constructor(private readonly limitBytes = LIMIT_BYTES) {}

  get(id: string): Written | undefined {
    return this.#entries.get(id);
  }

  put(id: string, written: Written): void {
    this.#remove(id);
    this.#entries.set(id, written);
    this.#bytes += sizeOf(written);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.limitBytes) return;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#bytes -= sizeOf(entry);
  }
}
