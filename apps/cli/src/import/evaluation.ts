import { dateFormat } from './dates';
import type { DateFormat } from './dates';
import type { Decimal } from './decimal';
import { MappingFault } from './expression-parser';
import type { Row } from './row';
import type { TimeZone } from './time-zone';

/** Why a row or a group cannot become a command. */
export class Problem {
  constructor(readonly reason: string) {}
}

/** '' is empty. Everything is text until a field says what it wants. */
export type Value = string | Problem;

/** What an expression sees: one row, or the first row of a group with the group's aggregates. */
export interface Scope {
  readonly row: Row;
  readonly rows: number;
  readonly aggregates: readonly Aggregate[];
  /** Every row of the group, with the columns that items need. */
  readonly members: readonly Row[];
}

export type Evaluate = (scope: Scope) => Value;

/** A running aggregate of one group. A problem stays: a sum that leaves out a row is a wrong sum. */
export interface Aggregate {
  total: Decimal | undefined;
  problem: Problem | undefined;
}

export type AggregateName = 'sum' | 'min' | 'max';
export interface AggregatePlan {
  readonly name: AggregateName;
  readonly argument: Evaluate;
}

export interface Table {
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
  /** What any other value becomes; undefined: the row is rejected. */
  readonly otherwise: string | undefined;
}

/** Everything that expressions of one mapping share while they are compiled. */
export interface Compilation {
  readonly tables: ReadonlyMap<string, Table>;
  readonly dateFormats: readonly DateFormat[];
  readonly zone: TimeZone;
  /** Columns named so far, each with the path in the mapping that named it first. */
  readonly columns: Map<string, string>;
  readonly aggregates: AggregatePlan[];
  /** Set once something calls row(), and once something calls file(). */
  readonly uses: { row: boolean; file: boolean };
}

export function notANumber(value: string, label: string): Problem {
  return new Problem(`${label} "${shorten(value)}" is not a plain number (decimal() reads $1,234.50)`);
}

const MAX_SHOWN_CHARACTERS = 60;

export function shorten(text: string): string {
  return text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`;
}

export function parseFormat(pattern: string): DateFormat {
  const format = dateFormat(pattern);
  if (typeof format === 'string') throw new MappingFault(`date format "${pattern}": ${format}`);
  return format;
}
