import type { HealthCheck } from '#libs/nest';
import type { ProjectionAdmin } from '#libs/runtime';

/** Ready while every group follows the log; lag and parked customers are shown, and are no reason to turn requests away. */
export function projectionCheck(admin: ProjectionAdmin): HealthCheck {
  return {
    name: 'projections',
    check: async () => {
      const groups: Record<string, { lagEvents: number; lagSeconds: number; parked: number }> = {};
      for (const { group, lagEvents, lagSeconds, parkedCount: parked } of await admin.projections())
        groups[group] = { lagEvents, lagSeconds, parked };
      const stopped = admin.fault() !== undefined;
      return { ok: !stopped, details: { groups, stopped } };
    },
  };
}
