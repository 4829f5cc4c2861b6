import { aggregateRow } from './aggregates';
import { Problem } from './evaluation';
import type { Aggregate, Scope } from './evaluation';
import { ImportError } from './import-error';
import type { GroupPlan, MappingPlan } from './mapping';
import { isBad } from './row';
import type { Place, ReadRow, Row } from './row';
import type { Outcome, Rule } from './rules';

/** Groups are held until the last row is read, since their rows need not stand together. */
const MAX_GROUPS = 1_000_000;
/** Rows held for the items of groups; about 500 bytes each. */
const MAX_HELD_ROWS = 1_000_000;

export interface BulkLine {
  readonly kind: 'line';
  /** One line of `POST /v1/bulk`, without its break. */
  readonly text: string;
  readonly command: string;
  readonly needsRequestKey: boolean;
  /** Of the first row of the group. */
  readonly at: Place;
  /** Rows that it is made from. */
  readonly rows: number;
}

export interface Reject {
  readonly kind: 'reject';
  readonly at: Place;
  readonly rows: number;
  readonly reason: string;
  /** The server's, where it was the one to refuse. */
  readonly code?: string;
}

interface Skip {
  readonly kind: 'skip';
  readonly rows: number;
}

export type Converted = BulkLine | Reject | Skip;

/** Turns rows into lines: at once, or with groupBy when all rows of all files are read. */
interface Converter {
  add(row: ReadRow): Converted | undefined;
  /** The groups in the order in which they began. Frees each one as it goes. */
  finish(): Generator<Converted>;
}

export function createConverter(plan: MappingPlan): Converter {
  const groups = plan.group && new Groups(plan.group);
  return {
    add(row) {
      if (isBad(row)) return { kind: 'reject', at: row.place, rows: 1, reason: row.reason };
      const scope = rowScope(row);
      const refused = firstRule(plan.rowRules, scope);
      if (refused !== undefined) return convert(refused, scope);
      if (groups === undefined) return applyRules(plan.rules, scope);
      const problem = groups.add(row, scope);
      return problem && { kind: 'reject', at: row.place, rows: 1, reason: problem.reason };
    },
    *finish() {
      for (const scope of groups?.drain() ?? []) yield applyRules(plan.rules, scope);
    },
  };
}

function rowScope(row: Row): Scope {
  return { row, rows: 1, aggregates: [], members: [row] };
}

function applyRules(rules: readonly Rule[], scope: Scope): Converted {
  return convert(firstRule(rules, scope) ?? new Problem('no rule matches'), scope);
}

function firstRule(rules: readonly Rule[], scope: Scope): Outcome | Problem | undefined {
  for (const { when, outcome } of rules) {
    const matches = when(scope);
    if (matches instanceof Problem) return matches;
    if (matches) return outcome;
  }
  return undefined;
}

function convert(outcome: Outcome | Problem, scope: Scope): Converted {
  const { rows } = scope;
  const at = scope.row.place;
  const reject = (reason: string): Reject => ({ kind: 'reject', at, rows, reason });
  if (outcome instanceof Problem) return reject(outcome.reason);
  if (outcome.kind === 'skip') return { kind: 'skip', rows };
  if (outcome.kind === 'reject') {
    const reason = outcome.reason(scope);
    return reject(reason instanceof Problem ? reason.reason : reason);
  }
  const body = outcome.build(scope);
  if (body instanceof Problem) return reject(body.reason);
  const { command, needsRequestKey } = outcome;
  return { kind: 'line', text: JSON.stringify(body), command, needsRequestKey, at, rows };
}

interface Group {
  readonly first: Row;
  rows: number;
  readonly aggregates: readonly Aggregate[];
  readonly members: Row[];
}

class Groups {
  private readonly byKey = new Map<string, Group>();
  private heldRows = 0;

  constructor(private readonly plan: GroupPlan) {}

  add(row: Row, scope: Scope): Problem | undefined {
    const key = this.keyOf(scope);
    if (key instanceof Problem) return key;
    const group = this.byKey.get(key) ?? this.begin(key, row);
    group.rows += 1;
    aggregateRow(this.plan.aggregates, group.aggregates, row);
    if (this.plan.hasItems) {
      group.members.push(row);
      this.heldRows += 1;
      if (this.heldRows > MAX_HELD_ROWS) throw tooMany(`${MAX_HELD_ROWS} rows with items`);
    }
    return undefined;
  }

  *drain(): Generator<Scope> {
    for (const [key, { first, rows, aggregates, members }] of this.byKey) {
      this.byKey.delete(key);
      yield { row: first, rows, aggregates, members };
    }
  }

  private begin(key: string, first: Row): Group {
    if (this.byKey.size >= MAX_GROUPS) throw tooMany(`${MAX_GROUPS} groups`);
    const aggregates = this.plan.aggregates.map(() => ({ total: undefined, problem: undefined }));
    const group: Group = { first, rows: 0, aggregates, members: [] };
    this.byKey.set(key, group);
    return group;
  }

  private keyOf(scope: Scope): string | Problem {
    const parts: string[] = [];
    for (const { evaluate, label } of this.plan.key) {
      const part = evaluate(scope);
      if (part instanceof Problem) return part;
      if (part === '') return new Problem(`groupBy: ${label} is empty`);
      parts.push(part);
    }
    return parts.length === 1 ? (parts[0] ?? '') : JSON.stringify(parts);
  }
}

function tooMany(what: string): ImportError {
  return new ImportError(`groupBy would hold more than ${what} in memory: import fewer files at a time`);
}
