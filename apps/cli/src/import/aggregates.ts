import { add, compare, parseDecimal } from './decimal';
import type { Decimal } from './decimal';
import { notANumber, Problem } from './evaluation';
import type { Aggregate, AggregateName, AggregatePlan, Scope } from './evaluation';
import type { Row } from './row';

/** Adds one row to a group's aggregates. */
export function aggregateRow(plans: readonly AggregatePlan[], states: readonly Aggregate[], row: Row): void {
  const scope: Scope = { row, rows: 1, aggregates: [], members: [] };
  for (const [index, plan] of plans.entries()) {
    const state = states[index];
    if (state === undefined || state.problem !== undefined) continue;
    const value = plan.argument(scope);
    const next = value instanceof Problem ? value : (parseDecimal(value) ?? notANumber(value, plan.name));
    if (next instanceof Problem) state.problem = new Problem(`line ${row.place.line}: ${next.reason}`);
    else state.total = state.total === undefined ? next : combine(plan.name, state.total, next);
  }
}

function combine(name: AggregateName, total: Decimal, next: Decimal): Decimal {
  if (name === 'sum') return add(total, next);
  const order = compare(next, total);
  return (name === 'min' ? order < 0 : order > 0) ? next : total;
}
