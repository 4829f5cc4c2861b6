import { pause } from '#libs/core';
import type { Consumer, ConsumerGroupJoinEvent, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { Checkpoint, FeedConsumer, RelayCheckpoint, StoredRecord } from '#libs/core';
import { readLog } from './catch-up';
import type { ReadableLog } from './catch-up';
import { asEngineError, ofDriver, quietly, within } from './connection';
import { fromMessage } from './message';
import type { ReadMessage } from './message';
import { CATCHING_UP, offsetIn, sameCheckpoint } from './place';
import { watermarks } from './topic';
import type { TopicSettings, Watermarks } from './topic';

export interface FeedSource {
  readonly kafka: Kafka;
  readonly topic: TopicSettings;
  readonly groupId: string;
  readonly log: ReadableLog;
  readonly relay: () => Promise<Pick<RelayCheckpoint, 'topicId' | 'position'> | undefined>;
}

/** A partition that this run holds, and where its consumer stands in it. */
interface Held {
  readonly topicId: string;
  /** The consumer's own: as it answered, then as was delivered. */
  checkpoint: Checkpoint | undefined;
  /** The next offset to deliver. */
  offset: number;
  /** Greatest position that was delivered. */
  position: number;
  /** Reading the topic; before, its place is being looked for. */
  reading: boolean;
}

const EMPTY: Watermarks = { low: 0, high: 0 };
const MAX_BATCH_RECORDS = 1_000;
const MAX_FETCH_BYTES = 10 * 1024 * 1024;
const MAX_PARTITION_BYTES = 1024 * 1024;
const PARTITIONS_AT_ONCE = 4;
const HEARTBEAT_MS = 1_000;
const SESSION_TIMEOUT_MS = 10_000;
const MAX_WAIT_MS = 100;
const COMMIT_EVERY_MS = 5_000;
const WAIT_FOR_TOPIC_MS = 500;
const LEAVE_TIMEOUT_MS = 5_000;
/** Times in a row that a partition may be fenced without anything having been delivered. */
const MAX_FENCES = 10;

/**
 * One consumer's membership in its group. A partition is paused when it is assigned; when the consumer's checkpoint is
 * known, and what the topic lacks is delivered from the log, it is read on from there. An offset that does not follow the
 * last one, a topic of another id, a delivery that somebody else's overtook: its place is looked for again.
 */
export class FeedRun {
  readonly #driver: Consumer;
  readonly #held = new Map<number, Held>();
  readonly #fences = new Map<number, number>();
  readonly #delivering = new Set<Promise<unknown>>();
  readonly #ended: Promise<void>;
  #finish: () => void = () => undefined;
  #fail: (fault: unknown) => void = () => undefined;
  #generation = 0;
  #stopped = false;
  #joining: Promise<void> = Promise.resolve();
  #placing: Promise<void> = Promise.resolve();
  readonly #committed = new Map<number, number>();

  constructor(
    private readonly source: FeedSource,
    private readonly consumer: FeedConsumer,
  ) {
    this.#driver = source.kafka.consumer({
      groupId: source.groupId,
      maxWaitTimeInMs: MAX_WAIT_MS,
      minBytes: 1,
      maxBytes: MAX_FETCH_BYTES,
      maxBytesPerPartition: MAX_PARTITION_BYTES,
      heartbeatInterval: HEARTBEAT_MS,
      sessionTimeout: SESSION_TIMEOUT_MS,
      allowAutoTopicCreation: false,
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    void quietly(this.#ended);
  }

  async run(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const abort = (): void => this.#end(this.#finish);
    signal.addEventListener('abort', abort, { once: true });
    const commits = setInterval(() => void quietly(this.#commitOffsets()), COMMIT_EVERY_MS);
    try {
      // Joining may have to wait for other members; it is not waited for where the run ends.
      if (await this.#topicIsThere()) {
        this.#joining = this.#join();
        await Promise.race([this.#joining, this.#ended]);
      }
      await this.#ended;
    } finally {
      this.#stopped = true;
      signal.removeEventListener('abort', abort);
      clearInterval(commits);
      await this.#leave();
    }
  }

  #end(how: () => void): void {
    this.#stopped = true;
    how();
  }

  /** While the driver ends by a fault, before it says so, it throws at whatever is asked of it. */
  #failed(error: unknown): void {
    this.#end(() => this.#fail(ofDriver('reading', error)));
  }

  /** False where the run ended while it waited. */
  async #topicIsThere(): Promise<boolean> {
    const { kafka, topic, relay } = this.source;
    while (!this.#stopped) {
      if ((await relay()) !== undefined && (await watermarks(kafka, topic)) !== undefined) return true;
      await pause(WAIT_FOR_TOPIC_MS);
    }
    return false;
  }

  async #join(): Promise<void> {
    const driver = this.#driver;
    driver.on(driver.events.GROUP_JOIN, (event) => this.#assigned(event));
    driver.on(driver.events.CRASH, ({ payload }) =>
      this.#end(() => this.#fail(asEngineError('consuming', payload.error))),
    );
    try {
      await driver.connect();
      await driver.subscribe({ topics: [this.source.topic.name], fromBeginning: true });
      if (this.#stopped) return;
      await driver.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#batch(payload),
      });
    } catch (error) {
      throw asEngineError('joining the group', error);
    }
  }

  async #leave(): Promise<void> {
    await Promise.allSettled(this.#delivering);
    await quietly(within(LEAVE_TIMEOUT_MS, 'committing offsets', this.#commitOffsets()));
    // The driver can't stop a consumer that is still joining: it would forget it, and it would stay in the group for ever.
    const left = quietly(this.#joining).then(() => this.#driver.disconnect());
    await quietly(within(LEAVE_TIMEOUT_MS, 'leaving the group', left));
  }

  /** The driver calls this before it fetches anything of the new assignment. */
  #assigned({ payload }: ConsumerGroupJoinEvent): void {
    this.#generation += 1;
    this.#held.clear();
    this.#place(payload.memberAssignment[this.source.topic.name] ?? []);
  }

  /** `hole`: the topic lacks what should come next, so the log is read whatever the watermarks say. */
  #place(partitions: readonly number[], { hole } = { hole: false }): void {
    if (this.#stopped || partitions.length === 0) return;
    const generation = this.#generation;
    for (const partition of partitions) this.#held.delete(partition);
    this.#driver.pause([{ topic: this.source.topic.name, partitions: [...partitions] }]);
    // One after the other: what an earlier assignment still delivers must be over before checkpoints are asked for.
    this.#placing = this.#placing.then(async () => {
      try {
        await Promise.allSettled(this.#delivering);
        await this.#placeNow(partitions, hole, () => this.#stopped || this.#generation !== generation);
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  async #placeNow(partitions: readonly number[], hole: boolean, over: () => boolean): Promise<void> {
    if (over()) return;
    const { kafka, topic, relay } = this.source;
    const topicId = (await relay())?.topicId;
    // Noted before the log is read: what comes into the log later comes into the topic after these offsets.
    const marks = await watermarks(kafka, topic);
    if (over()) return;
    if (topicId === undefined || marks === undefined)
      throw asEngineError('reading', new Error('the topic is gone'));
    const behind = new Map<number, number>();
    await Promise.all(
      partitions.map(async (partition) => {
        const checkpoint = await this.consumer.checkpoint(partition);
        const mark = marks.get(partition) ?? EMPTY;
        const position = checkpoint?.position ?? 0;
        const fromTopic = hole ? undefined : offsetIn(mark, topicId, checkpoint);
        const offset = fromTopic ?? mark.high;
        const held: Held = { topicId, checkpoint, offset, position, reading: false };
        if (over()) return;
        this.#held.set(partition, held);
        if (fromTopic === undefined) behind.set(partition, position);
        else this.#read(partition, held);
      }),
    );
    if (behind.size > 0) await this.#catchUp(behind, over);
  }

  async #catchUp(behind: ReadonlyMap<number, number>, over: () => boolean): Promise<void> {
    const holds = (partition: number): Held | undefined => (over() ? undefined : this.#held.get(partition));
    const take = async (
      partition: number,
      records: readonly StoredRecord[],
      position: number,
    ): Promise<boolean> => {
      const held = holds(partition);
      if (held === undefined) return false;
      const checkpoint = { topicId: CATCHING_UP, offset: held.offset, position };
      return this.#deliver(partition, held, records, checkpoint);
    };
    const reached = await readLog(this.source.log, behind, this.source.topic.partitions, take);
    if (reached === undefined) return;
    for (const partition of behind.keys()) {
      const held = holds(partition);
      if (held === undefined) continue;
      const position = Math.max(reached, held.position);
      const checkpoint = { topicId: held.topicId, offset: held.offset, position };
      if (await this.#deliver(partition, held, [], checkpoint)) this.#read(partition, held);
    }
  }

  #read(partition: number, held: Held): void {
    if (this.#stopped || this.#held.get(partition) !== held) return;
    const topic = this.source.topic.name;
    held.reading = true;
    this.#driver.seek({ topic, partition, offset: String(held.offset) });
    this.#driver.resume([{ topic, partitions: [partition] }]);
  }

  /** Never throws: the driver would take any error for one of its own, and try for ever. */
  async #batch(payload: EachBatchPayload): Promise<void> {
    const { partition, messages } = payload.batch;
    const beating = setInterval(() => void quietly(payload.heartbeat()), HEARTBEAT_MS);
    try {
      for (let from = 0; from < messages.length; from += MAX_BATCH_RECORDS) {
        const slice = messages.slice(from, from + MAX_BATCH_RECORDS);
        if (payload.isStale() || !(await this.#slice(partition, slice))) return;
        payload.resolveOffset(slice.at(-1)?.offset ?? '');
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      clearInterval(beating);
    }
  }

  /** False where the rest of the batch must not be delivered. */
  async #slice(partition: number, messages: readonly KafkaMessage[]): Promise<boolean> {
    const held = this.#held.get(partition);
    if (this.#stopped || held?.reading !== true) return false;
    const offset = Number(messages.at(-1)?.offset) + 1;
    if (Number(messages[0]?.offset) !== held.offset || offset !== held.offset + messages.length) {
      this.#place([partition], { hole: true });
      return false;
    }
    const read = messages.map((message) => fromMessage(message));
    if (await this.#isAnotherTopic(held, read)) {
      this.#place([partition]);
      return false;
    }
    const records = read.map(({ record }) => record);
    const position = Math.max(held.position, ...records.map((record) => record.position));
    return this.#deliver(partition, held, records, { topicId: held.topicId, offset, position });
  }

  /** Messages of an earlier id are ordinary repeats; of the relay's present one they say that the topic was made anew. */
  async #isAnotherTopic(held: Held, messages: readonly ReadMessage[]): Promise<boolean> {
    if (messages.every(({ topicId }) => topicId === held.topicId)) return false;
    const relay = await this.source.relay();
    return relay !== undefined && relay.topicId !== held.topicId;
  }

  /** False where nothing more of the partition may be delivered. */
  async #deliver(
    partition: number,
    held: Held,
    records: readonly StoredRecord[],
    checkpoint: Checkpoint,
  ): Promise<boolean> {
    if (this.#stopped || this.#held.get(partition) !== held) return false;
    const delivery = this.consumer.deliver({ partition, records, checkpoint });
    this.#delivering.add(delivery);
    try {
      await delivery;
    } catch (error) {
      await this.#rejected(partition, held, error);
      return false;
    } finally {
      this.#delivering.delete(delivery);
    }
    held.checkpoint = checkpoint;
    held.offset = checkpoint.offset;
    held.position = checkpoint.position;
    this.#fences.delete(partition);
    return true;
  }

  /**
   * Where somebody else has moved the checkpoint meanwhile, a member that had the partition before or has it now, the
   * partition is begun again from there; where nobody has, the consumer can't, and the run ends with what it says.
   */
  async #rejected(partition: number, held: Held, error: unknown): Promise<void> {
    const fences = (this.#fences.get(partition) ?? 0) + 1;
    this.#fences.set(partition, fences);
    const now = await this.consumer.checkpoint(partition);
    if (sameCheckpoint(now, held.checkpoint) || fences > MAX_FENCES) this.#end(() => this.#fail(error));
    else if (this.#held.get(partition) === held) this.#place([partition]);
  }

  /** For dashboards only: the consumer's own checkpoints say where it stands. */
  async #commitOffsets(): Promise<void> {
    const topic = this.source.topic.name;
    const moved = [...this.#held].filter(
      ([partition, { reading, offset }]) => reading && this.#committed.get(partition) !== offset,
    );
    if (moved.length === 0) return;
    const offsets = moved.map(([partition, { offset }]) => ({ partition, offset }));
    await this.#driver.commitOffsets(
      offsets.map(({ partition, offset }) => ({ topic, partition, offset: String(offset) })),
    );
    for (const { partition, offset } of offsets) this.#committed.set(partition, offset);
  }
}
