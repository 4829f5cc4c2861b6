import { parseArgs } from 'node:util';
import { isUuid, parseInstant } from '#libs/core';
import { UsageError } from '../verb';
import type { ExportName } from './columns';
import { EXPORT_NAMES, isExportName, KINDS } from './kinds';
import type { Selection } from './rows';

const FORMATS = ['ndjson', 'csv'] as const;
type Format = (typeof FORMATS)[number];

export interface ExportOptions {
  readonly what: ExportName;
  readonly format: Format;
  /** Missing for stdout. */
  readonly file?: string;
  readonly selection: Selection;
  readonly json: boolean;
}

const SELECTING = ['customer', 'segment', 'tier', 'from', 'to', 'by'] as const;
const DAY = /^\d{4}-\d\d-\d\d$/;

export function readOptions(args: string[]): ExportOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      format: { type: 'string' },
      out: { type: 'string' },
      customer: { type: 'string' },
      segment: { type: 'string' },
      tier: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      by: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [what, ...more] = positionals;
  if (what === undefined || more.length > 0 || !isExportName(what)) {
    throw new UsageError(`say what: one of ${EXPORT_NAMES.join(', ')}`);
  }
  const { out, json } = values;
  if (out === '') throw new UsageError('--out needs a file');
  return {
    what,
    format: formatOf(values.format, out),
    ...(out === undefined ? {} : { file: out }),
    selection: selectionOf(what, values),
    json,
  };
}

/** A file called `.csv` with something else in it would be a trap. */
function formatOf(given: string | undefined, file: string | undefined): Format {
  if (given === undefined) return file?.toLowerCase().endsWith('.csv') === true ? 'csv' : 'ndjson';
  const format = FORMATS.find((known) => known === given);
  if (format === undefined) throw new UsageError(`the format is one of ${FORMATS.join(', ')}`);
  return format;
}

function selectionOf(what: ExportName, values: Selection): Selection {
  const { options } = KINDS[what];
  for (const name of SELECTING) {
    const value = values[name];
    if (value === undefined) continue;
    if (!options.includes(name)) {
      const others = EXPORT_NAMES.filter((kind) => KINDS[kind].options.includes(name));
      throw new UsageError(`--${name} is for ${others.join(', ')}`);
    }
    if (value === '') throw new UsageError(`--${name} needs a value`);
    if (name === 'from' || name === 'to') checkTime(name, value, what);
  }
  const { customer, segment, tier, from, to, by } = values;
  if (customer !== undefined) {
    if (segment !== undefined || tier !== undefined) {
      throw new UsageError('give --customer or --segment and --tier, not both');
    }
    if (!isUuid(customer.toLowerCase())) throw new UsageError('--customer needs a customer id');
  }
  return { customer: customer?.toLowerCase(), segment, tier, from, to, by };
}

function checkTime(name: string, value: string, what: ExportName): void {
  if (parseInstant(value) !== undefined) return;
  const days = what !== 'timeline';
  if (days && DAY.test(value)) return;
  throw new UsageError(
    `--${name} needs ${days ? 'a day (2026-01-31)' : 'an instant (2026-01-31T00:00:00Z)'}`,
  );
}
