import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { eventFilter } from './event-filter';
import type { EventFilter } from './event-filter';
import { asFailure, failures } from './failures';
import type { Faults } from './faults';
import { Outgoing } from './outgoing';
import { streamName } from './proposals';
import { eventMessage, notFoundMessage } from './read-messages';
import type { EventFormat } from './read-messages';
import type { StoredEvent } from './records';
import type { Store } from './store';
import type { StoredStream } from './stored-stream';
import { Subscription } from './subscription';
import type { SubscriptionSource } from './subscription';
import { AllSource, StreamSource } from './subscription-sources';

const BACKWARDS = ReadReq.Options.ReadDirection.BACKWARDS;
/** 2^64−1 means the end wherever a position or revision is asked for. */
const END_TEXT = '18446744073709551615';

/** Every combination of stream or $all, read or subscription, forwards or backwards, with or without a filter. */
export class ReadService {
  readonly subscriptions = new Set<Subscription>();

  constructor(
    private readonly store: Store,
    private readonly faults: Faults,
  ) {}

  readonly handle: handleServerStreamingCall<ReadReq, ReadResp> = (call) => {
    const outgoing = new Outgoing(call, this.faults);
    this.#serve(call.request.getOptions(), outgoing)
      .then(() => call.end())
      .catch((error: unknown) => call.emit('error', asFailure(error)));
  };

  async #serve(options: ReadReq.Options | undefined, outgoing: Outgoing): Promise<void> {
    await this.faults.thawed();
    if (this.faults.notReady) throw failures.notReady();
    if (options === undefined) throw failures.invalidArgument('no options');
    const format = {
      resolveLinks: options.getResolveLinks(),
      structuredIds: options.getUuidOption()?.hasString() !== true,
    };
    if (options.hasSubscription()) return this.#subscribe(options, format, outgoing);
    const stream = options.getStream();
    if (stream !== undefined) return this.#readStream(options, stream, format, outgoing);
    const events = this.#allEvents(options);
    await this.#sendEvents(events, Number(options.getCount()), format, outgoing);
  }

  async #subscribe(options: ReadReq.Options, format: EventFormat, outgoing: Outgoing): Promise<void> {
    if (options.getReadDirection() === BACKWARDS) throw failures.invalidArgument('a backward subscription');
    const source = this.#source(options, format);
    const subscription = new Subscription(this.store, source, outgoing, this.faults);
    this.subscriptions.add(subscription);
    try {
      await subscription.run();
    } finally {
      this.subscriptions.delete(subscription);
    }
  }

  #source(options: ReadReq.Options, format: EventFormat): SubscriptionSource {
    const { store, faults } = this;
    const of = options.getStream();
    if (of !== undefined) {
      const stream = streamName(of.getStreamIdentifier());
      const last = store.stream(stream).events.length - 1;
      const after = of.hasEnd() || of.getRevision() === END_TEXT ? last : Number(of.getRevision());
      return new StreamSource({ store, format, stream, after: of.hasStart() ? -1 : after });
    }
    const all = options.getAll();
    const after = this.#position(all) ?? store.end - 1;
    if (!store.isPosition(after) && all?.hasPosition() === true && after < store.end - 1) {
      throw failures.invalidPosition();
    }
    const filter = filterOf(options);
    return new AllSource({ store, faults, format, filter, after: all?.hasStart() === true ? -1 : after });
  }

  /** Undefined: the end. */
  #position(all: ReadReq.Options.AllOptions | undefined): number | undefined {
    if (all === undefined) throw failures.invalidArgument('neither a stream nor $all');
    if (all.hasStart()) return 0;
    const commit = all.getPosition()?.getCommitPosition();
    return all.hasEnd() || commit === undefined || commit === END_TEXT ? undefined : Number(commit);
  }

  *#allEvents(options: ReadReq.Options): Iterable<StoredEvent> {
    const { store } = this;
    const position = this.#position(options.getAll());
    if (position !== undefined && !store.isPosition(position)) {
      throw failures.unknown('Unexpected ReadAllResult: InvalidPosition');
    }
    const filter = filterOf(options);
    const backwards = options.getReadDirection() === BACKWARDS;
    const from = position === undefined ? store.shown : store.indexOf(position);
    // Forwards with the event at the position, backwards without it.
    for (let i = backwards ? from - 1 : from; ; i += backwards ? -1 : 1) {
      const event = store.at(i);
      if (event === undefined) return;
      if (filter?.matches(event) !== false) yield event;
    }
  }

  async #readStream(
    options: ReadReq.Options,
    of: ReadReq.Options.StreamOptions,
    format: EventFormat,
    outgoing: Outgoing,
  ): Promise<void> {
    const stream = this.store.stream(streamName(of.getStreamIdentifier()));
    if (stream.last === Infinity) throw failures.streamDeleted(stream.name);
    const first = stream.events[0];
    if (first === undefined || !this.store.isShown(first) || stream.softDeleted) {
      return outgoing.send(notFoundMessage(stream.name));
    }
    const from = of.hasRevision() && of.getRevision() !== END_TEXT ? Number(of.getRevision()) : undefined;
    const backwards = options.getReadDirection() === BACKWARDS;
    const start = of.hasStart() ? 0 : (from ?? stream.events.length);
    const events = backwards ? this.#backwards(stream, start) : this.#forwards(stream, start);
    await this.#sendEvents(events, Number(options.getCount()), format, outgoing);
  }

  *#forwards(stream: StoredStream, from: number): Iterable<StoredEvent> {
    for (let revision = Math.max(from, stream.firstShown()); ; revision++) {
      const event = stream.events[revision];
      if (event === undefined || !this.store.isShown(event)) return;
      if (stream.isShown(event)) yield event;
    }
  }

  *#backwards(stream: StoredStream, from: number): Iterable<StoredEvent> {
    const firstShown = stream.firstShown();
    for (let revision = Math.min(from, stream.events.length - 1); revision >= firstShown; revision--) {
      const event = stream.events[revision];
      if (event === undefined) return;
      if (this.store.isShown(event) && stream.isShown(event)) yield event;
    }
  }

  async #sendEvents(
    events: Iterable<StoredEvent>,
    limit: number,
    format: EventFormat,
    outgoing: Outgoing,
  ): Promise<void> {
    let sent = 0;
    for (const event of events) {
      if (sent++ >= limit || outgoing.stopped) return;
      await outgoing.send(eventMessage(this.store, event, format));
    }
  }
}

function filterOf(options: ReadReq.Options): EventFilter | undefined {
  const filter = options.getFilter();
  return filter === undefined ? undefined : eventFilter(filter);
}
