import type { EngineServer } from '../../engines/engine-server';
import { startEventStore } from '../../engines/eventstoredb/start';
import type { EventStoreServer } from '../../engines/eventstoredb/start';
import { startKafka } from '../../engines/kafka/start';
import { startMongoDB } from '../../engines/mongodb/start';
import type { MongoSet } from '../../engines/mongodb/start';
import { lastingPort, TcpProxy } from '../../engines/tcp-proxy';
import type { EngineAddresses } from '../../e2e/distributed-server';

/** Servers of this test's own, for it kills them; EventStoreDB and MongoDB are reached over links that it breaks. */
export class Engines {
  private constructor(
    readonly kafka: EngineServer,
    readonly mongodb: MongoSet,
    readonly eventStore: EventStoreServer,
    readonly mongodbLink: TcpProxy,
    readonly eventStoreLink: TcpProxy,
  ) {}

  static async start(): Promise<Engines> {
    const [kafka, mongodb, eventStore] = await Promise.all([
      startKafka({ port: await lastingPort() }),
      startMongoDB({ port: await lastingPort() }),
      startEventStore(),
    ]);
    const [node] = mongodb.nodes;
    if (node === undefined) throw new Error('a set without a node');
    const mongodbLink = await TcpProxy.open(hostPort(node.host));
    const eventStoreLink = await TcpProxy.open(hostPort(new URL(eventStore.address).host));
    // Clients of a set go where its members say that they are: over the link, then.
    const { config } = await node.command({ replSetGetConfig: 1 });
    const members = [{ ...config.members[0], host: mongodbLink.address }];
    await node.command({ replSetReconfig: { ...config, version: config.version + 1, members } });
    return new Engines(kafka, mongodb, eventStore, mongodbLink, eventStoreLink);
  }

  /** As the roles are given them. */
  get addresses(): EngineAddresses {
    const eventStore = new URL(this.eventStore.address);
    eventStore.host = this.eventStoreLink.address;
    const mongodb = new URL(this.mongodb.address);
    mongodb.host = this.mongodbLink.address;
    return { eventStore: eventStore.href, kafka: this.kafka.address, mongodb: mongodb.href };
  }

  async stop(): Promise<void> {
    await Promise.all([this.mongodbLink.close(), this.eventStoreLink.close()]);
    await Promise.all([this.kafka.stop(), this.mongodb.stop(), this.eventStore.stop()]);
  }
}

function hostPort(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname, port: Number(port) };
}
