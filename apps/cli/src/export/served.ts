import { isJsonObject } from '#libs/core';
import { call, textOf } from '../api';
import { grouped } from '../import/progress';
import type { Connection } from '../verb';

/** A projection that an export reads, and how far it had come. */
export interface Served {
  readonly name: string;
  readonly version: number;
  readonly model?: string;
  readonly group: string;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  /** Customers whose events wait because one of them can't be folded. */
  readonly parkedCount: number;
}

/** How these projections are served now. */
export async function servedNow(
  connection: Connection,
  names: readonly string[],
): Promise<readonly Served[]> {
  const answer = await call(connection, 'GET', '/v1/projections');
  const all: readonly unknown[] = Array.isArray(answer) ? answer : [];
  return all.flatMap((entry) => {
    if (!isJsonObject(entry)) return [];
    const { name, version, model, group, lagEvents, lagSeconds, parkedCount, parked } = entry;
    if (typeof name !== 'string' || !names.includes(name)) return [];
    const count = parkedCount ?? (Array.isArray(parked) ? parked.length : 0);
    return [
      {
        name,
        version: Number(version),
        ...(typeof model === 'string' ? { model } : {}),
        group: textOf(group),
        lagEvents: Number(lagEvents),
        lagSeconds: Number(lagSeconds),
        parkedCount: Number(count),
      },
    ];
  });
}

/** Where another version, or one of another model, took over: rows of before and after are not of one kind. */
export function replaced(before: readonly Served[], after: readonly Served[]): readonly string[] {
  return before
    .filter((one) => !after.some((other) => nameOf(other) === nameOf(one)))
    .map(({ name }) => name);
}

/** `timeline@1 in g3, 12 events (0.4 s) behind` */
export function describeServed(served: readonly Served[]): string {
  const groups = [...new Set(served.map(({ group }) => group))];
  return groups
    .map((group) => {
      const mine = served.filter((one) => one.group === group);
      const [{ lagEvents, lagSeconds, parkedCount } = { lagEvents: 0, lagSeconds: 0, parkedCount: 0 }] = mine;
      const lag = lagEvents === 0 ? '0 events' : `${grouped(lagEvents)} events (${lagSeconds.toFixed(1)} s)`;
      const parked = parkedCount === 0 ? '' : `, ${grouped(parkedCount)} customers parked`;
      return `${mine.map(nameOf).join(' ')} in ${group}, ${lag} behind at the start${parked}`;
    })
    .join('; ');
}

function nameOf({ name, version, model }: Served): string {
  return `${name}@${version}${model === undefined ? '' : `(${model})`}`;
}
