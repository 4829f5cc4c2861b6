import { EngineError, pause } from '#libs/core';
import type { EventLog, EventSink, RelayCheckpoint, RelayCheckpoints } from '#libs/core';
import { parseEnvelope } from '#libs/trust';

export interface RelayPorts {
  readonly log: EventLog;
  readonly sink: EventSink;
  readonly checkpoints: RelayCheckpoints;
  readonly newId: () => string;
  /** False where the log is not the one that it was before; remembers which it is from its first event on. */
  readonly isSameLedger: () => Promise<boolean>;
}

/** Pause after a fault of an engine. */
const RETRY_MS = 500;
/** Another relay is taken to be gone when its checkpoint stood still for so long while there was something to do. */
const STANDBY_MS = 5_000;

export interface RelayStatus {
  readonly state: 'starting' | 'relaying' | 'standby' | 'retrying';
  readonly checkpoint: RelayCheckpoint | undefined;
  /** Why it is trying again. */
  readonly fault?: string;
}

/**
 * Publishes the log, record by record, in order per stream. Its checkpoint moves only after the sink has confirmed, so
 * what was published may be published again, and nothing is left out. Of two relays one waits beside.
 */
export class Relay {
  #status: RelayStatus = { state: 'starting', checkpoint: undefined };

  constructor(private readonly ports: RelayPorts) {}

  get status(): RelayStatus {
    return this.#status;
  }

  /** Goes on until aborted; faults of engines are tried again for ever, anything else rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const outcome = await this.#relay(signal);
        if (outcome === 'fenced') await this.#standBy(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof EngineError)) throw error;
        this.#tell('retrying', this.#status.checkpoint, error.message);
        await pause(RETRY_MS, signal);
      }
    }
  }

  async #relay(signal: AbortSignal): Promise<'ended' | 'fenced'> {
    const { log, sink, checkpoints, newId } = this.ports;
    const known = await checkpoints.load();
    await this.#refuseAnother();
    if (known !== undefined && (await log.lastPosition()) < known.position) {
      throw new Error('the log holds less than was published: another server, or one that kept nothing');
    }
    const topicId = await sink.open(known, newId);
    let checkpoint = known;
    if (checkpoint?.topicId !== topicId) {
      // A topic that was made just now gets the whole history: who reads it later may have nothing else.
      const start = { topicId, position: 0, sequence: 0 };
      if (!(await checkpoints.save(known, start))) return 'fenced';
      checkpoint = start;
    }
    this.#tell('relaying', checkpoint);
    for await (const records of log.follow(checkpoint.position, signal)) {
      const last = records[records.length - 1];
      if (last === undefined) continue;
      // A new ledger is remembered by its first event before anybody learns of it.
      if (checkpoint.position === 0) await this.#refuseAnother();
      await sink.publish(records);
      const next: RelayCheckpoint = {
        topicId,
        position: last.position,
        sequence: checkpoint.sequence + records.length,
      };
      if (!(await checkpoints.save(checkpoint, next))) return 'fenced';
      checkpoint = next;
      this.#tell('relaying', checkpoint);
    }
    return 'ended';
  }

  async #refuseAnother(): Promise<void> {
    if (await this.ports.isSameLedger()) return;
    throw new Error('the log does not begin as it did: another server, or one that kept nothing');
  }

  /** Waits as long as the other one gets on, or there is nothing to do. */
  async #standBy(signal: AbortSignal): Promise<void> {
    const { log, checkpoints } = this.ports;
    let seen = await checkpoints.load();
    let stoodAtMs = performance.now();
    while (!signal.aborted) {
      this.#tell('standby', seen);
      await pause(RETRY_MS, signal);
      const now = await checkpoints.load();
      const moved = now?.sequence !== seen?.sequence || now?.topicId !== seen?.topicId;
      if (moved || (await log.lastPosition()) <= (now?.position ?? 0)) stoodAtMs = performance.now();
      else if (performance.now() - stoodAtMs > STANDBY_MS) return;
      seen = now;
    }
  }

  #tell(state: RelayStatus['state'], checkpoint: RelayCheckpoint | undefined, fault?: string): void {
    this.#status = { state, checkpoint, ...(fault === undefined ? {} : { fault }) };
  }
}

/** Age of the first record that is not published yet, in milliseconds; 0 where there is none. */
export async function unpublishedMs(log: EventLog, checkpoints: RelayCheckpoints): Promise<number> {
  const [first] = await log.readAll((await checkpoints.load())?.position ?? 0, 1);
  return first === undefined ? 0 : Math.max(0, Date.now() - Date.parse(parseEnvelope(first.env).at));
}
