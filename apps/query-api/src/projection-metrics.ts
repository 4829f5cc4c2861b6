import { Injectable } from '@nestjs/common';
import { Metrics } from '#libs/nest';
import { ProjectionAdmin } from '#libs/runtime';
import type { ProjectionStatus } from '#libs/runtime';

/** Lag of the read models, and how many customers are parked in them, as gauges. */
@Injectable()
export class ProjectionMetrics {
  /** What one scrape has asked: its gauges are collected side by side. */
  #asked: Promise<readonly ProjectionStatus[]> | undefined;

  constructor(
    metrics: Metrics,
    private readonly admin: ProjectionAdmin,
  ) {
    const gauge = (name: string, help: string, value: (status: ProjectionStatus) => number): void => {
      metrics.gauge({ name, help, labels: ['projection', 'group'] }, async (collected) => {
        const statuses = await this.#statuses();
        collected.reset();
        for (const status of statuses) collected.labels(status.name, status.group).set(value(status));
      });
    };
    gauge(
      'touchstone_projection_lag_events',
      'Events that a projection has not folded yet',
      ({ lagEvents }) => lagEvents,
    );
    gauge('touchstone_projection_lag_seconds', 'Age of the first of them', ({ lagSeconds }) => lagSeconds);
    gauge(
      'touchstone_projection_parked_customers',
      'Customers that a projection folds no more of until their next event can be folded',
      ({ parkedCount }) => parkedCount,
    );
  }

  #statuses(): Promise<readonly ProjectionStatus[]> {
    this.#asked ??= this.admin.projections().finally(() => (this.#asked = undefined));
    return this.#asked;
  }
}
