import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { HEALTH_CHECKS } from '#libs/nest';
import type { HealthCheck } from '#libs/nest';
import type { Projector } from '#libs/runtime';

/** Folds the feed into read models; of HTTP it has health and metrics only. Lag is told by query-api. */
@Module({})
export class ProjectorModule {
  static with(projector: Projector): DynamicModule {
    return {
      module: ProjectorModule,
      providers: [{ provide: HEALTH_CHECKS, useValue: [projectorCheck(projector)] }],
    };
  }
}

function projectorCheck(projector: Projector): HealthCheck {
  return {
    name: 'projector',
    check: async () => ({
      ok: projector.fault === undefined,
      details: { groups: Object.fromEntries(projector.partitions()) },
    }),
  };
}
