import type { CheckedStream } from './commit-check';
import { isMetastream, SOFT_DELETED, ticksOf, TOMBSTONE } from './records';
import type { StoredEvent } from './records';

const SECOND_MS = 1_000;
/** A metadata stream shows its latest event only. */
const METASTREAM_EVENTS = 1;

interface StreamMetadata {
  readonly maxAgeSeconds?: number;
  readonly maxCount?: number;
  readonly truncateBefore?: number;
}

function parseMetadata(event: StoredEvent | undefined): StreamMetadata {
  if (event === undefined) return {};
  try {
    const parsed: Record<string, unknown> = JSON.parse(Buffer.from(event.data).toString());
    const number = (key: string): number | undefined => {
      const value = parsed[key];
      return typeof value === 'number' ? value : undefined;
    };
    const [maxAgeSeconds, maxCount, truncateBefore] = [number('$maxAge'), number('$maxCount'), number('$tb')];
    return {
      ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
      ...(maxCount !== undefined && { maxCount }),
      ...(truncateBefore !== undefined && { truncateBefore }),
    };
  } catch {
    // The server takes anything as metadata, and what is no JSON sets nothing.
    return {};
  }
}

/** Events of one stream, its metadata and tombstone applied. */
export class StoredStream implements CheckedStream {
  readonly events: StoredEvent[] = [];
  tombstoned = false;
  #metadataOf: StoredEvent | undefined;
  #metadata: StreamMetadata = {};

  constructor(
    readonly name: string,
    /** The latest event of the stream's metadata stream. */
    private readonly metadataEvent: () => StoredEvent | undefined,
    private readonly originalTombstoned: () => boolean,
  ) {}

  add(event: StoredEvent): void {
    if (event.revision === TOMBSTONE) this.tombstoned = true;
    else this.events.push(event);
  }

  get last(): number {
    return this.tombstoned || this.originalTombstoned() ? TOMBSTONE : this.events.length - 1;
  }

  get hasMetadata(): boolean {
    return this.metadataEvent() !== undefined;
  }

  get softDeleted(): boolean {
    return (this.#latestMetadata().truncateBefore ?? 0) >= SOFT_DELETED;
  }

  idAt(revision: number): string | undefined {
    return this.events[revision]?.id;
  }

  /** The revision from which on stream reads show events, by $tb and $maxCount. */
  firstShown(): number {
    const { truncateBefore = 0, maxCount = isMetastream(this.name) ? METASTREAM_EVENTS : undefined } =
      this.#latestMetadata();
    return Math.max(truncateBefore, maxCount === undefined ? 0 : this.events.length - maxCount);
  }

  isShown(event: StoredEvent): boolean {
    if (event.revision < this.firstShown()) return false;
    const { maxAgeSeconds } = this.#latestMetadata();
    return maxAgeSeconds === undefined || event.ticks >= ticksOf(Date.now() - maxAgeSeconds * SECOND_MS);
  }

  #latestMetadata(): StreamMetadata {
    const event = this.metadataEvent();
    if (event !== this.#metadataOf) {
      this.#metadataOf = event;
      this.#metadata = parseMetadata(event);
    }
    return this.#metadata;
  }
}
