import { join } from 'node:path';

export interface BrokerPlace {
  readonly directory: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly secure?: SecureListener;
}

/** Clients come by TLS and with an account; the key store holds the broker's key and certificate (PKCS #12). */
export interface SecureListener {
  readonly keyStore: string;
  readonly keyStorePassword: string;
  readonly username: string;
  readonly password: string;
}

const HOST = '127.0.0.1';

/** One node that is broker and controller, as small and as quick to come back as a test wants it. */
export function serverProperties({ directory, port, controllerPort, secure }: BrokerPlace): string {
  const protocol = secure === undefined ? 'PLAINTEXT' : 'SASL_SSL';
  return [
    ...(secure === undefined ? [] : secured(secure)),
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@${HOST}:${controllerPort}`,
    'controller.listener.names=CONTROLLER',
    `listeners=CLIENT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    `advertised.listeners=CLIENT://${HOST}:${port}`,
    'inter.broker.listener.name=CLIENT',
    `listener.security.protocol.map=CLIENT:${protocol},CONTROLLER:PLAINTEXT`,
    `log.dirs=${join(directory, 'logs')}`,
    'auto.create.topics.enable=false',
    'num.network.threads=2',
    'num.io.threads=4',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=4',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'log.cleaner.dedupe.buffer.size=8388608',
    // With the default a node that was killed takes 12 s to be let in again.
    'broker.heartbeat.interval.ms=250',
    'broker.session.timeout.ms=1000',
    '',
  ].join('\n');
}

function secured({ keyStore, keyStorePassword, username, password }: SecureListener): readonly string[] {
  const account = `username="${username}" password="${password}"`;
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required';
  return [
    'ssl.keystore.type=PKCS12',
    `ssl.keystore.location=${keyStore}`,
    `ssl.keystore.password=${keyStorePassword}`,
    'ssl.truststore.type=PKCS12',
    `ssl.truststore.location=${keyStore}`,
    `ssl.truststore.password=${keyStorePassword}`,
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'sasl.mechanism.inter.broker.protocol=PLAIN',
    `listener.name.client.plain.sasl.jaas.config=${plain} ${account} user_${username}="${password}";`,
    `listener.name.client.scram-sha-256.sasl.jaas.config=${scram};`,
    `listener.name.client.scram-sha-512.sasl.jaas.config=${scram};`,
  ];
}

/** Warnings and worse to the broker's output, which goes to a file. */
export const LOGGING = [
  'status=error',
  'appender.console.type=Console',
  'appender.console.name=console',
  'appender.console.layout.type=PatternLayout',
  'appender.console.layout.pattern=%d{ISO8601} %p %m (%c)%n',
  'rootLogger.level=warn',
  'rootLogger.appenderRef.console.ref=console',
  '',
].join('\n');
