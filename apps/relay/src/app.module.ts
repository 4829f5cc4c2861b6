import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { HEALTH_CHECKS, Metrics } from '#libs/nest';
import type { HealthCheck } from '#libs/nest';
import { Relay } from '#libs/runtime';

/** Publishes the log to Kafka; of HTTP it has health and metrics only. */
@Module({})
export class RelayModule {
  static with(relay: Relay, signs: Pick<RelaySigns, 'lagMs' | 'alarms'>): DynamicModule {
    return {
      module: RelayModule,
      providers: [
        { provide: Relay, useValue: relay },
        { provide: RelaySigns, useValue: new RelaySigns(signs.lagMs, signs.alarms) },
        { provide: HEALTH_CHECKS, useValue: [relayCheck(relay)] },
        RelayMetrics,
      ],
    };
  }
}

class RelaySigns {
  constructor(
    readonly lagMs: () => Promise<number>,
    readonly alarms: () => number,
  ) {}
}

/** A relay that waits beside another one is as ready as one that relays. */
function relayCheck(relay: Relay): HealthCheck {
  return {
    name: 'relay',
    check: async () => {
      const { state, checkpoint } = relay.status;
      const published = checkpoint?.sequence ?? 0;
      return { ok: state === 'relaying' || state === 'standby', details: { state, published } };
    },
  };
}

@Injectable()
class RelayMetrics {
  constructor(metrics: Metrics, relay: Relay, signs: RelaySigns) {
    const published = {
      name: 'touchstone_relay_published_events',
      help: 'Events published to the topic since it was made',
    };
    const position = {
      name: 'touchstone_relay_position',
      help: 'Position in EventStoreDB up to which everything is published',
    };
    const seconds = {
      name: 'touchstone_relay_lag_seconds',
      help: 'Age of the first event that is not published yet; 0 where there is none',
    };
    const alarms = {
      name: 'touchstone_relay_history_alarms',
      help: 'Metadata or deletions in EventStoreDB that hide events of the ledger',
    };
    metrics.gauge(published, async (gauge) => gauge.set(relay.status.checkpoint?.sequence ?? 0));
    metrics.gauge(position, async (gauge) => gauge.set(relay.status.checkpoint?.position ?? 0));
    metrics.gauge(seconds, async (gauge) => gauge.set((await signs.lagMs()) / 1000));
    metrics.gauge(alarms, (gauge) => gauge.set(signs.alarms()));
  }
}
