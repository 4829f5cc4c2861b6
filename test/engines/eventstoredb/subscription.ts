import { randomUUID } from 'node:crypto';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { failures } from './failures';
import type { Failure } from './failures';
import type { Faults } from './faults';
import type { Outgoing } from './outgoing';
import { caughtUpMessage, checkpointMessage, confirmationMessage } from './read-messages';
import type { Store } from './store';

/** What 23.10 keeps for a live subscriber that lags. */
const LIVE_BUFFER_EVENTS = 32;

export interface Step {
  /** Absent where the event was looked at and did not match. */
  readonly message?: ReadResp | undefined;
  /** A checkpoint that is due after it. */
  readonly checkpoint?: string | undefined;
}

/** Where a subscription's events come from. */
export interface SubscriptionSource {
  /** The next event; undefined when all that is there was seen. */
  next(): Step | undefined;
  /** A checkpoint that is due when the subscription has caught up. */
  caughtUp(): string | undefined;
  /** Events that wait. */
  backlog(): number;
}

/** Confirmation, what is there, "caught up", then what comes; it reads the log at the client's pace and loses nothing. */
export class Subscription {
  #live = false;
  #repeatCaughtUp = false;
  #failure: Failure | undefined;
  #wake: (() => void) | undefined;

  constructor(
    private readonly store: Store,
    private readonly source: SubscriptionSource,
    private readonly outgoing: Outgoing,
    private readonly faults: Faults,
  ) {}

  /** Resolves when it was ended or cancelled; rejects where it was dropped. */
  async run(): Promise<void> {
    const forget = this.store.onShown(() => {
      this.#dropIfSlow();
      this.wake();
    });
    try {
      await this.outgoing.send(confirmationMessage(randomUUID()));
      while (!this.outgoing.stopped) await this.#step();
    } finally {
      forget();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #step(): Promise<void> {
    const step = this.source.next();
    if (step !== undefined) {
      if (step.message !== undefined) await this.outgoing.send(step.message);
      if (step.checkpoint !== undefined) await this.outgoing.send(checkpointMessage(step.checkpoint));
    } else if (!this.#live || this.#repeatCaughtUp) {
      this.#live = true;
      this.#repeatCaughtUp = false;
      const checkpoint = this.source.caughtUp();
      if (checkpoint !== undefined) await this.outgoing.send(checkpointMessage(checkpoint));
      await this.outgoing.send(caughtUpMessage());
    } else {
      // Nothing may come between asking the source and waiting: what is shown then would wake nobody.
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  wake(): void {
    this.#wake?.();
  }

  /** Ends it: with OK where no failure is given. */
  end(failure?: Failure): void {
    this.#failure = failure;
    this.outgoing.stop();
    this.wake();
  }

  repeatCaughtUp(): void {
    this.#repeatCaughtUp = true;
    this.wake();
  }

  #dropIfSlow(): void {
    if (!this.faults.switches.dropSlowConsumers || !this.#live || !this.outgoing.blocked) return;
    if (this.source.backlog() > LIVE_BUFFER_EVENTS) this.end(failures.tooSlow());
  }
}
