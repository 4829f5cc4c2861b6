import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../verb';

/** In the order in which they are measured: what fills ledgers for others goes before them. */
export const FIGURES = [
  'single',
  'hot',
  'as-of',
  'visible',
  'sustained',
  'live',
  'bulk',
  'read',
  'insight',
  'fit',
  'start',
  'rebuild',
] as const;
export type FigureName = (typeof FIGURES)[number];

export interface BenchOptions {
  readonly only: readonly FigureName[];
  readonly quick: boolean;
  /** Where data directories are made; else among the temporary ones. */
  readonly data: string | undefined;
  readonly keep: boolean;
  readonly profile: FigureName | undefined;
  readonly profileDirectory: string;
}

export function benchOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      data: { type: 'string' },
      keep: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const profile = values.profile === undefined ? undefined : figureName(values.profile);
  const named = values.only?.split(',').map((name) => figureName(name.trim()));
  return {
    // Who wants to see what bounds one figure does not wait for the others.
    only: named ?? (profile === undefined ? FIGURES : [profile]),
    quick: values.quick,
    data: values.data === undefined ? undefined : resolve(values.data),
    keep: values.keep,
    profile,
    profileDirectory: join(tmpdir(), 'touchstone-bench-profile'),
  };
}

function figureName(text: string): FigureName {
  const name = FIGURES.find((known) => known === text);
  if (name === undefined) throw new UsageError(`there is no figure ${text}; there are ${FIGURES.join(', ')}`);
  return name;
}
