import type { StoredRecord } from './event-log';

/** How far the relay has come. */
export interface RelayCheckpoint {
  /** Id of the topic that it publishes to; a topic that was made anew has another. */
  readonly topicId: string;
  /** Position up to which every record is published. */
  readonly position: number;
  /** Records published to this topic: countable, unlike positions. */
  readonly sequence: number;
}

/** Kept with the read models: one document, moved by compare-and-set, so that a second relay notices and stops. */
export interface RelayCheckpoints {
  load(): Promise<RelayCheckpoint | undefined>;
  /** False where the stored checkpoint is not `expected` any more. */
  save(expected: RelayCheckpoint | undefined, next: RelayCheckpoint): Promise<boolean>;
}

/** Where the relay publishes records, for any number of consumers to read. */
export interface EventSink {
  /**
   * Opens the topic, making it where it is not there. Resolves to its id: the `known` one, or a new one where the topic
   * was made just now, or where it holds less than was published under the known id.
   */
  open(known: RelayCheckpoint | undefined, newId: () => string): Promise<string>;
  /** Resolves when every record is durable there, in order per stream. Repeats are allowed. Rejects with `EngineError`. */
  publish(records: readonly StoredRecord[]): Promise<void>;
  close(): Promise<void>;
}
