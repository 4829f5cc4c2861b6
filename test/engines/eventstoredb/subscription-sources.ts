import type { EventFilter } from './event-filter';
import { failures } from './failures';
import type { Faults } from './faults';
import { eventMessage } from './read-messages';
import type { EventFormat } from './read-messages';
import type { Store } from './store';
import type { Step, SubscriptionSource } from './subscription';

/** 2^64−1: where it stands for a position it means the end, so who resumes from it skips history. */
const POISON = '18446744073709551615';

export interface AllSourceOptions {
  readonly store: Store;
  readonly faults: Faults;
  readonly format: EventFormat;
  /** Exclusive; −1 for the start. */
  readonly after: number;
  readonly filter?: EventFilter | undefined;
}

/** $all after a position. */
export class AllSource implements SubscriptionSource {
  #index: number;
  #seen: number;
  #checkpoint: number;
  #considered = 0;
  #matched = false;

  constructor(private readonly options: AllSourceOptions) {
    this.#index = options.store.indexOf(options.after + 1);
    this.#seen = options.after;
    this.#checkpoint = options.after;
  }

  next(): Step | undefined {
    const { store, filter, format, after } = this.options;
    const event = store.at(this.#index);
    if (event === undefined) return undefined;
    this.#index++;
    if (event.position <= after) return {};
    this.#seen = event.position;
    if (filter === undefined) return { message: eventMessage(store, event, format) };
    const matches = filter.matches(event);
    this.#matched ||= matches;
    this.#considered++;
    const due = this.#considered >= filter.checkpointEvents;
    if (due) this.#considered = 0;
    return {
      message: matches ? eventMessage(store, event, format) : undefined,
      checkpoint: due ? this.#takeCheckpoint() : undefined,
    };
  }

  caughtUp(): string | undefined {
    if (this.options.filter === undefined) return undefined;
    if (this.options.faults.switches.poisonCheckpoint && !this.#matched) return POISON;
    return this.#takeCheckpoint();
  }

  backlog(): number {
    return this.options.store.shown - this.#index;
  }

  /** Checkpoints only go up. */
  #takeCheckpoint(): string | undefined {
    if (this.#seen <= this.#checkpoint) return undefined;
    this.#checkpoint = this.#seen;
    return String(this.#seen);
  }
}

export interface StreamSourceOptions {
  readonly store: Store;
  readonly format: EventFormat;
  readonly stream: string;
  /** Exclusive; −1 for the start. */
  readonly after: number;
}

/** One stream after a revision; it need not exist yet. */
export class StreamSource implements SubscriptionSource {
  #revision: number;

  constructor(private readonly options: StreamSourceOptions) {
    this.#revision = options.after + 1;
  }

  next(): Step | undefined {
    const { store, format } = this.options;
    const stream = store.stream(this.options.stream);
    if (stream.tombstoned) throw failures.streamDeleted(stream.name);
    const firstShown = Math.min(stream.firstShown(), stream.events.length);
    this.#revision = Math.max(this.#revision, firstShown);
    const event = stream.events[this.#revision];
    if (event === undefined || !store.isShown(event)) return undefined;
    this.#revision++;
    return stream.isShown(event) ? { message: eventMessage(store, event, format) } : {};
  }

  caughtUp(): undefined {
    return undefined;
  }

  backlog(): number {
    return this.options.store.stream(this.options.stream).events.length - this.#revision;
  }
}
