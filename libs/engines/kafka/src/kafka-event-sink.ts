import type { Kafka } from 'kafkajs';
import { EngineError, partitionOf, pause } from '#libs/core';
import type { EventSink, RelayCheckpoint, StoredRecord } from '#libs/core';
import { connect } from './connection';
import type { KafkaConnection } from './connection';
import { toMessage } from './message';
import type { RecordMessage } from './message';
import { Publisher } from './publisher';
import { DEFAULT_TOPIC, makeTopic, watermarks } from './topic';
import type { TopicSettings, Watermarks } from './topic';

export interface KafkaSinkOptions {
  readonly connection: KafkaConnection;
  /** Names the source of every message: `touchstone:<ledgerId>`. */
  readonly ledgerId: string;
  readonly topic?: TopicSettings;
  /** How long `publish` tries before it rejects. */
  readonly publishTimeoutMs?: number;
}

const PUBLISH_TIMEOUT_MS = 30_000;
const LISTED_TIMEOUT_MS = 10_000;
const LISTED_POLL_MS = 50;
const MAX_SEND_MESSAGES = 500;
/** The messages of a send are one batch to the broker, whose limit is 1 MiB by default; a greater message goes alone. */
const MAX_SEND_BYTES = 900_000;
/** About what headers and key of a message take. */
const MESSAGE_OVERHEAD_BYTES = 1_024;

/** Publishes records to a Kafka topic, by key of their stream, as CloudEvents. One relay at a time publishes to a topic. */
export class KafkaEventSink implements EventSink {
  readonly #kafka: Kafka;
  readonly #topic: TopicSettings;
  readonly #publisher: Publisher;
  #opened: { readonly topicId: string; sequence: number } | undefined;
  #publishing = false;

  constructor(private readonly options: KafkaSinkOptions) {
    this.#kafka = connect(options.connection);
    this.#topic = options.topic ?? DEFAULT_TOPIC;
    this.#publisher = new Publisher(this.#kafka, this.#topic.name);
  }

  async open(known: RelayCheckpoint | undefined, newId: () => string): Promise<string> {
    const made = await makeTopic(this.#kafka, this.#topic);
    // Offsets count all that was ever published, also what retention has removed, and repeats: never less than is known.
    const held = [...(await this.#marks()).values()].reduce((sum, { high }) => sum + high, 0);
    const same = !made && known !== undefined && held >= known.sequence;
    this.#opened = same
      ? { topicId: known.topicId, sequence: known.sequence }
      : { topicId: newId(), sequence: 0 };
    return this.#opened.topicId;
  }

  /** One call at a time. After a rejection the same records must be published again, or none. */
  async publish(records: readonly StoredRecord[]): Promise<void> {
    if (this.#opened === undefined) throw new Error('The sink must be opened before it publishes');
    if (this.#publishing) throw new Error('The sink publishes one batch at a time');
    this.#publishing = true;
    try {
      await this.#send(this.#byPartition(records, this.#opened));
      this.#opened.sequence += records.length;
    } finally {
      this.#publishing = false;
    }
  }

  async close(): Promise<void> {
    this.#opened = undefined;
    await this.#publisher.close();
  }

  /** A topic that was just made is not listed at once. */
  async #marks(): Promise<ReadonlyMap<number, Watermarks>> {
    const deadlineMs = performance.now() + LISTED_TIMEOUT_MS;
    for (;;) {
      const marks = await watermarks(this.#kafka, this.#topic);
      if (marks !== undefined) return marks;
      if (performance.now() > deadlineMs)
        throw new EngineError(`Kafka topic ${this.#topic.name} is not there`);
      await pause(LISTED_POLL_MS);
    }
  }

  #byPartition(
    records: readonly StoredRecord[],
    { topicId, sequence }: { topicId: string; sequence: number },
  ): ReadonlyMap<number, readonly RecordMessage[]> {
    const partitions = new Map<number, RecordMessage[]>();
    const { ledgerId } = this.options;
    for (const [i, record] of records.entries()) {
      const message = toMessage(record, { ledgerId, topicId, sequence: sequence + i + 1 });
      const partition = partitionOf(message.key, this.#topic.partitions);
      const list = partitions.get(partition);
      if (list === undefined) partitions.set(partition, [message]);
      else list.push(message);
    }
    return partitions;
  }

  /** Partitions side by side, each one's sends one after the other. Rejects when none of them is tried any more. */
  async #send(partitions: ReadonlyMap<number, readonly RecordMessage[]>): Promise<void> {
    const deadlineMs = performance.now() + (this.options.publishTimeoutMs ?? PUBLISH_TIMEOUT_MS);
    const outcomes = await Promise.allSettled(
      [...partitions].map(async ([partition, all]) => {
        for (const messages of sends(all)) await this.#publisher.send({ partition, messages }, deadlineMs);
      }),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
}

function* sends(messages: readonly RecordMessage[]): Generator<readonly RecordMessage[]> {
  let from = 0;
  let bytes = 0;
  for (const [i, { value }] of messages.entries()) {
    const size = value.length + MESSAGE_OVERHEAD_BYTES;
    if (i > from && (i - from >= MAX_SEND_MESSAGES || bytes + size > MAX_SEND_BYTES)) {
      yield messages.slice(from, i);
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (from < messages.length) yield messages.slice(from);
}
