import { randomUUID } from 'node:crypto';
import type { EventLog, LedgerRecord } from '#libs/core';
import { KafkaEventFeed, KafkaEventSink } from '#libs/engines/kafka';
import type { KafkaConnection, TopicSettings } from '#libs/engines/kafka';
import { EmbeddedDirectory } from '#libs/testing';
import { RelayLoop } from './relay-loop';

const PARTITIONS = 12;
/** Records that are appended at once. */
const APPEND_RECORDS = 500;

/** A customer's stream by number. */
export function streamOf(number: number): string {
  return `customer-01930000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** A record of the right form, with little in it. */
export function recordOf(stream: string, rev: number): LedgerRecord {
  const id = randomUUID();
  const at = '2026-01-01T00:00:00.000Z';
  return {
    id,
    stream,
    rev,
    env: JSON.stringify({
      at,
      data: { note: '客户 😀' },
      id,
      rev,
      stream,
      type: 'touchpoint-recorded.v1',
      v: 1,
    }),
    sealed: { '/service': Uint8Array.of(rev & 0xff, 0, 255) },
    leafHash: id.replaceAll('-', '').repeat(2),
    tag: id.replaceAll('-', ''),
  };
}

/** Puts `count` records behind a stream's revision `after`. */
export async function appendRecords(log: EventLog, stream: string, count: number, after = -1): Promise<void> {
  for (let done = 0; done < count; done += APPEND_RECORDS) {
    const size = Math.min(APPEND_RECORDS, count - done);
    const records = Array.from({ length: size }, (_, i) => recordOf(stream, after + 1 + done + i));
    const { outcome } = await log.append({ stream, expectedRevision: after + done, records });
    if (outcome !== 'appended') throw new Error(`not appended: ${outcome}`);
  }
}

/** A topic of its own, an embedded log, and a relay that publishes the one to the other. */
export class FedTopic {
  readonly topic: TopicSettings = { name: `test-${randomUUID()}`, partitions: PARTITIONS };
  readonly relay = new RelayLoop(randomUUID);
  readonly #directory = new EmbeddedDirectory();
  #sink: KafkaEventSink | undefined;
  #log: EventLog | undefined;

  constructor(readonly connection: KafkaConnection) {}

  async open(): Promise<void> {
    await this.openLog();
    await this.startRelay();
  }

  /** The log alone: no topic yet. */
  async openLog(): Promise<void> {
    this.#log = (await this.#directory.open()).log;
  }

  get log(): EventLog {
    if (this.#log === undefined) throw new Error('not open');
    return this.#log;
  }

  async startRelay(): Promise<void> {
    this.#sink = new KafkaEventSink({ connection: this.connection, ledgerId: 'ledger-1', topic: this.topic });
    await this.relay.start(this.log, this.#sink);
  }

  async stopRelay(): Promise<void> {
    await this.relay.stop();
    await this.#sink?.close();
  }

  /** Each is a member of its own; those of one topic share a group where their consumers' names are the same. */
  feed(): KafkaEventFeed {
    const { connection, topic, log } = this;
    const groupPrefix = `${topic.name}-`;
    return new KafkaEventFeed({
      connection,
      topic,
      log,
      groupPrefix,
      relay: async () => this.relay.checkpoint,
    });
  }

  /** Where records are in the topic, when the relay has published all that the log has. */
  async published(): Promise<boolean> {
    return this.relay.checkpoint?.position === (await this.log.lastPosition());
  }

  async close(): Promise<void> {
    await this.stopRelay();
    await this.#directory.close();
  }

  async dispose(): Promise<void> {
    await this.stopRelay();
    await this.#directory.dispose();
  }
}
