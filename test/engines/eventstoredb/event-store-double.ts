import { Server, ServerCredentials } from '@grpc/grpc-js';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import { appendService } from './append-service';
import { batchAppendService } from './batch-append-service';
import { controlService, ControlService } from './control';
import type { Command } from './control';
import { deleteService, tombstoneService } from './delete-service';
import { failures } from './failures';
import { Faults } from './faults';
import { featuresService, gossipService } from './node-services';
import { ReadService } from './read-service';
import { Store } from './store';
import type { StoreOptions } from './store';
import { Writes } from './writes';
import type { Connections } from './writes';

/** As the real server is configured in docker-compose.yml. */
const MAX_APPEND_BYTES = 1_048_576;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_STREAMS_A_CONNECTION = 100;
const KEEPALIVE_MS = 10_000;
const HOST = '127.0.0.1';

export interface DoubleOptions extends StoreOptions {
  /** A free one where it is not given. */
  readonly port?: number | undefined;
  readonly maxAppendBytes?: number | undefined;
}

/**
 * Stands in for EventStoreDB 24.10 where that cannot be had: the same gRPC services with the same answers to what our
 * engine asks. A test double, never a product mode: no users, projections, persistent subscriptions or scavenges.
 */
export class EventStoreDouble implements Connections {
  readonly host = HOST;
  readonly faults = new Faults();
  readonly #reads: ReadService;
  readonly #server: Server;
  #port = 0;

  private constructor(
    readonly store: Store,
    maxAppendBytes = MAX_APPEND_BYTES,
  ) {
    this.#reads = new ReadService(store, this.faults);
    const writes = new Writes(store, this.faults, this);
    this.#server = new Server({
      'grpc.max_concurrent_streams': MAX_STREAMS_A_CONNECTION,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
    });
    this.#server.addService(StreamsService, {
      read: this.#reads.handle,
      append: appendService(writes, maxAppendBytes),
      batchAppend: batchAppendService(writes, maxAppendBytes),
      delete: deleteService(writes),
      tombstone: tombstoneService(writes),
    });
    this.#server.addService(ServerFeaturesService, { getSupportedMethods: featuresService });
    this.#server.addService(GossipService, { read: gossipService(() => this.#port) });
    this.#server.addService(ControlService, { do: controlService((command) => this.obey(command)) });
  }

  static async start({
    port = 0,
    maxAppendBytes,
    ...options
  }: DoubleOptions = {}): Promise<EventStoreDouble> {
    const double = new EventStoreDouble(new Store(options), maxAppendBytes);
    double.#port = await new Promise<number>((resolve, reject) => {
      double.#server.bindAsync(`${HOST}:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return double;
  }

  get port(): number {
    return this.#port;
  }

  /** As a client takes it. */
  get address(): string {
    return `esdb://${HOST}:${this.#port}?tls=false`;
  }

  dropConnections(): void {
    this.#server.drain(`${HOST}:${this.#port}`, 0);
  }

  async obey(command: Command): Promise<void> {
    switch (command.do) {
      case 'plan':
        return this.faults.plan(command.faults);
      case 'switch':
        return this.#switch(command.switches);
      case 'release':
        return this.faults.release();
      case 'wipe-cache':
        return this.store.cache.clear();
      case 'drop-connections':
        // After the answer to this call.
        setImmediate(() => this.dropConnections());
        return;
      case 'end-subscriptions':
        for (const subscription of this.#reads.subscriptions) subscription.end();
        return;
      case 'drop-subscriptions':
        for (const subscription of this.#reads.subscriptions) subscription.end(failures.tooSlow());
        return;
      case 'repeat-caught-up':
        for (const subscription of this.#reads.subscriptions) subscription.repeatCaughtUp();
        return;
      case 'write-statistics':
        return this.store.writeStatistics();
      case 'reset':
        return this.#reset();
    }
  }

  #switch(switches: Parameters<Faults['set']>[0]): void {
    this.faults.set(switches);
    this.store.clockOffsetMs = this.faults.switches.clockOffsetMs;
  }

  async #reset(): Promise<void> {
    this.faults.clear();
    this.#switch({});
    for (const subscription of this.#reads.subscriptions) subscription.end(failures.notReady());
    await this.store.clear();
  }

  /** Ends at once: no call is waited for, no client told. */
  async stop(): Promise<void> {
    this.#server.forceShutdown();
    for (const subscription of this.#reads.subscriptions) subscription.end();
    this.faults.clear();
    await this.store.close();
  }
}
