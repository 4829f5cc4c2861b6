import { Partitioners } from 'kafkajs';
import type { Kafka, Producer } from 'kafkajs';
import { EngineError, pause } from '#libs/core';
import { asEngineError, DeadlineError, faultType, quietly, within } from './connection';
import type { RecordMessage } from './message';

/** What one `send` of the driver carries: messages of one partition. */
export interface PartitionBatch {
  readonly partition: number;
  readonly messages: readonly RecordMessage[];
}

const ALL_REPLICAS = -1;
const RESEND_PAUSE_MS = 100;
const CLOSE_TIMEOUT_MS = 5_000;
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** After these the broker and the driver never agree again on a sequence number; only a new producer helps. */
const SEQUENCE_LOST = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
]);

/**
 * An idempotent producer, used in the only way in which kafkajs 2.2.4 was seen to lose nothing: one partition a `send`,
 * one outstanding `send` a partition, and after any fault the identical batch again. Overlapping sends lose acknowledged
 * messages (a sequence number is used twice), a `send` of several partitions may leave some of them out.
 */
export class Publisher {
  #producer: Promise<Producer> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly topic: string,
  ) {}

  /**
   * Resolves when the broker has confirmed the batch. One call a partition at a time. Rejects with `EngineError`; what
   * is sent next may be another batch, so it gets a producer, and sequence numbers, of its own.
   */
  async send(batch: PartitionBatch, deadlineMs: number): Promise<void> {
    for (;;) {
      const used = (this.#producer ??= this.#connected());
      try {
        const fault = await this.#attempt(batch, used, deadlineMs);
        if (fault === undefined) return;
        if (performance.now() + RESEND_PAUSE_MS >= deadlineMs) throw asEngineError('publishing', fault);
      } catch (error) {
        this.#retire(used);
        throw error;
      }
      await pause(RESEND_PAUSE_MS);
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer !== undefined) await quietly(disconnect(producer));
  }

  /** What went wrong, where it may be tried again; throws where not. */
  async #attempt(batch: PartitionBatch, used: Promise<Producer>, deadlineMs: number): Promise<unknown> {
    const leftMs = (): number => Math.max(1, deadlineMs - performance.now());
    let producer: Producer;
    try {
      producer = await within(leftMs(), 'connecting a producer', used);
    } catch (error) {
      if (error instanceof DeadlineError) throw error;
      this.#retire(used);
      return error;
    }
    try {
      const sent = producer.send({
        topic: this.topic,
        acks: ALL_REPLICAS,
        messages: batch.messages.map((message) => ({ ...message, partition: batch.partition })),
      });
      const answers = await within(leftMs(), 'publishing', sent);
      const confirmed = answers.some(
        ({ partition, errorCode }) => partition === batch.partition && errorCode === 0,
      );
      return confirmed ? undefined : new Error('the driver left the partition out');
    } catch (error) {
      return this.#judge(error, batch, used);
    }
  }

  #judge(error: unknown, { messages }: PartitionBatch, used: Promise<Producer>): unknown {
    const type = faultType(error) ?? '';
    if (TOO_LARGE.has(type)) {
      const largest = Math.max(...messages.map(({ value }) => value.length));
      throw new EngineError(
        `Kafka takes no message of ${largest} bytes in topic ${this.topic}: raise its max.message.bytes`,
      );
    }
    // The `send` goes on behind the deadline; with a producer of its own it can only repeat what comes after, not displace it.
    if (error instanceof DeadlineError) throw error;
    if (SEQUENCE_LOST.has(type)) this.#retire(used);
    return error;
  }

  async #connected(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  #retire(used: Promise<Producer>): void {
    if (this.#producer === used) this.#producer = undefined;
    void quietly(disconnect(used));
  }
}

async function disconnect(connecting: Promise<Producer>): Promise<void> {
  const producer = await connecting;
  await within(CLOSE_TIMEOUT_MS, 'closing a producer', producer.disconnect());
}
