import { EngineError } from '#libs/core';
import type { EventLog, EventSink, RelayCheckpoint } from '#libs/core';

const PAUSE_MS = 50;

/** A relay for tests of feed and sink: publishes what a log has and gets, and keeps its checkpoint. */
export class RelayLoop {
  checkpoint: RelayCheckpoint | undefined;
  /** Times that publishing was rejected. */
  rejections = 0;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly newId: () => string) {}

  async start(log: EventLog, sink: EventSink): Promise<void> {
    const topicId = await sink.open(this.checkpoint, this.newId);
    if (topicId !== this.checkpoint?.topicId) this.checkpoint = { topicId, position: 0, sequence: 0 };
    this.#stop = new AbortController();
    this.#running = this.#run(log, sink, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(log: EventLog, sink: EventSink, signal: AbortSignal): Promise<void> {
    for await (const records of log.follow(this.checkpoint?.position ?? 0, signal)) {
      while (!signal.aborted) {
        try {
          await sink.publish(records);
          break;
        } catch (error) {
          if (!(error instanceof EngineError)) throw error;
          this.rejections += 1;
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
      }
      if (signal.aborted) return;
      const { topicId = '', position = 0, sequence = 0 } = this.checkpoint ?? {};
      this.checkpoint = {
        topicId,
        position: records.at(-1)?.position ?? position,
        sequence: sequence + records.length,
      };
    }
  }
}
