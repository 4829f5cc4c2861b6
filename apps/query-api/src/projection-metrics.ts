import { Injectable } from '@nestjs/common';
import { Metrics } from '#libs/nest';
import { ProjectionAdmin } from '#libs/runtime';

/** Lag of the read models as gauges. */
@Injectable()
export class ProjectionMetrics {
  constructor(metrics: Metrics, admin: ProjectionAdmin) {
    const labels = ['projection', 'group'];
    const events = {
      name: 'touchstone_projection_lag_events',
      help: 'Events that a projection has not folded yet',
      labels,
    };
    const seconds = { name: 'touchstone_projection_lag_seconds', help: 'Age of the first of them', labels };
    metrics.gauge(events, async (gauge) => {
      gauge.reset();
      for (const { name, group, lagEvents } of await admin.projections())
        gauge.labels(name, group).set(lagEvents);
    });
    metrics.gauge(seconds, async (gauge) => {
      gauge.reset();
      for (const { name, group, lagSeconds } of await admin.projections())
        gauge.labels(name, group).set(lagSeconds);
    });
  }
}
