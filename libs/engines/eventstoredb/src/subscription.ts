import { pause } from '#libs/core';
import { START } from '@eventstore/db-client';
import type { AllStreamRecordedEvent, AllStreamSubscription, Filter, Position } from '@eventstore/db-client';
import type { Link } from './connection';
import { samePosition } from './event-reader';
import { engineError, failureOf } from './failures';
import { backoffMs, NoAnswer, within } from './waiting';

const MAX_BATCH = 500;
/** Events that the client holds for a consumer that is busy; the server waits with the rest. */
const BUFFERED_EVENTS = 128;
const CONFIRMED_WITHIN_MS = 10_000;
const UNSUBSCRIBED_WITHIN_MS = 2_000;
const RESUME_BACKOFF = { firstMs: 50, mostMs: 500 };

export interface AllOptions {
  readonly filter: Filter;
  /** A position that an event of this server had, or 0. */
  readonly after: number;
  readonly signal: AbortSignal;
}

/**
 * Events of `$all` after a position, in batches, until the signal aborts. Goes on by itself when the server or the
 * network drops it; EngineError where the server refuses for good. It goes on behind the last event only: the server's
 * checkpoints can be wrong (2^64 − 1 from some versions means the end), and they save next to nothing here.
 */
export async function* subscribeAll(
  link: Link,
  { filter, after, signal }: AllOptions,
): AsyncGenerator<readonly AllStreamRecordedEvent[]> {
  let last: Position | undefined = after > 0 ? samePosition(after) : undefined;
  for (let attempt = 1; !signal.aborted; attempt++) {
    const { client } = link;
    const tap = new Tap(client.subscribeToAll({ filter, fromPosition: last ?? START }, TAP_OPTIONS), signal);
    try {
      for (let batch = await tap.next(); batch.length > 0; batch = await tap.next()) {
        attempt = 0;
        const fresh: AllStreamRecordedEvent[] = [];
        for (const event of batch) {
          if (last !== undefined && !isBehind(event.position, last)) continue;
          last = event.position;
          fresh.push(event);
        }
        if (fresh.length > 0) yield fresh;
      }
    } finally {
      await tap.close();
    }
    const { failure } = tap;
    if (failure !== undefined) {
      if (failureOf(failure) === 'final') throw engineError('subscription', failure);
      link.failed(client, failure);
    }
    if (!signal.aborted) {
      await pause(backoffMs(Math.max(1, attempt), RESUME_BACKOFF.firstMs, RESUME_BACKOFF.mostMs), signal);
    }
  }
}

const TAP_OPTIONS = { highWaterMark: BUFFERED_EVENTS };

function isBehind(position: Position, last: Position): boolean {
  return (
    position.commit > last.commit || (position.commit === last.commit && position.prepare > last.prepare)
  );
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One subscription, read batch by batch. */
class Tap {
  failure: unknown;
  #over = false;
  #wake: () => void = () => undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#wake();

  constructor(
    private readonly subscription: AllStreamSubscription,
    private readonly signal: AbortSignal,
  ) {
    // At once, and for good: an error that nobody listens for ends the process.
    subscription.on('error', (error) => this.#fail(error));
    subscription.on('end', () => this.#fail(undefined));
    subscription.on('readable', () => this.#wake());
    subscription.on('confirmation', () => clearTimeout(this.#timer));
    signal.addEventListener('abort', this.#onAbort);
    this.#timer = setTimeout(() => this.#fail(new NoAnswer('no confirmation')), CONFIRMED_WITHIN_MS);
  }

  /** What has come, as soon as there is anything; nothing where the subscription is over or the signal aborted. */
  async next(): Promise<readonly AllStreamRecordedEvent[]> {
    const batch: AllStreamRecordedEvent[] = [];
    for (;;) {
      if (this.signal.aborted) return [];
      const before = batch.length;
      this.#readInto(batch);
      // Events come one by one; those of the next turn belong to the batch, a turn without any ends it.
      if (batch.length >= MAX_BATCH || (batch.length === before && (before > 0 || this.#over))) return batch;
      await (batch.length > 0 ? turn() : new Promise<void>((resolve) => (this.#wake = resolve)));
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.signal.removeEventListener('abort', this.#onAbort);
    // A call that is broken may never say that it is over.
    await within(UNSUBSCRIBED_WITHIN_MS, this.subscription.unsubscribe()).catch(() => undefined);
  }

  #readInto(batch: AllStreamRecordedEvent[]): void {
    while (batch.length < MAX_BATCH) {
      const resolved: { readonly event?: AllStreamRecordedEvent } | null = this.subscription.read();
      if (resolved === null) return;
      if (resolved.event !== undefined) batch.push(resolved.event);
    }
  }

  #fail(error: unknown): void {
    this.failure ??= error;
    this.#over = true;
    this.#wake();
  }
}
