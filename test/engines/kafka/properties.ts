import { join } from 'node:path';

export interface BrokerPlace {
  readonly directory: string;
  readonly port: number;
  readonly controllerPort: number;
}

const HOST = '127.0.0.1';

/** One node that is broker and controller, as small and as quick to come back as a test wants it. */
export function serverProperties({ directory, port, controllerPort }: BrokerPlace): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@${HOST}:${controllerPort}`,
    'controller.listener.names=CONTROLLER',
    `listeners=PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://${HOST}:${port}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
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
