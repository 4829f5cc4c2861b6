import type { AggregatePlan, Compilation, Evaluate, Table } from './evaluation';
import { parseFormat } from './evaluation';
import { compileExpression } from './expression';
import { MappingFault, parseExpression } from './expression-parser';
import { inputSettings } from './input-settings';
import type { InputSettings } from './input-settings';
import type { FieldContext } from './leaf-builders';
import { fault, listOf, located, mapOf, oneOrMore, parseYaml, textOf } from './mapping-yaml';
import type { Node } from './mapping-yaml';
import { ImportError } from './import-error';
import { compileRowRules, compileRules } from './rules';
import type { Rule } from './rules';
import { timeZone, UTC } from './time-zone';
import type { TimeZone } from './time-zone';

/** How rows become commands: everything is checked, nothing is left to be found out while sending. */
export interface MappingPlan {
  readonly kind: 'mapping';
  /** The mapping's file, for messages. */
  readonly origin: string;
  readonly input: InputSettings;
  /** Columns that are used, each with the path in the mapping that uses it first. */
  readonly columns: ReadonlyMap<string, string>;
  readonly rowRules: readonly Rule[];
  readonly rules: readonly Rule[];
  readonly group: GroupPlan | undefined;
  /** Something is called row() and nothing file(): rows of two files could get the same key. */
  readonly keysRepeatAcrossFiles: boolean;
}

export interface GroupPlan {
  readonly key: readonly { readonly evaluate: Evaluate; readonly label: string }[];
  readonly aggregates: readonly AggregatePlan[];
  readonly hasItems: boolean;
}

interface MappingSource {
  readonly text: string;
  readonly origin: string;
  /** From the command line: the command of rules that name none. */
  readonly command?: string | undefined;
}

const TOP_LEVEL = ['input', 'dates', 'tables', 'groupBy', 'rows', 'command', 'fields', 'rules'];

/** @throws ImportError, one line with file and path, for anything that is wrong with the mapping. */
export function parseMapping({ text, origin, command }: MappingSource): MappingPlan {
  return compileMapping(() => parseYaml(text), origin, command);
}

/** The same from what YAML would have given. */
export function compileMapping(read: () => unknown, origin: string, command?: string): MappingPlan {
  try {
    return compile({ path: '', value: read() }, origin, command);
  } catch (error) {
    if (error instanceof MappingFault) throw new ImportError(`${origin}: ${error.message}`);
    throw error;
  }
}

function compile(root: Node, origin: string, command: string | undefined): MappingPlan {
  const members = mapOf(root, TOP_LEVEL) ?? new Map<string, Node>();
  const at = (name: string): Node => members.get(name) ?? { path: name, value: undefined };
  const { formats, zone } = datesOf(at('dates'));
  const compilation: Compilation = {
    tables: tablesOf(at('tables')),
    dateFormats: formats,
    zone,
    columns: new Map(),
    aggregates: [],
    uses: { row: false, file: false },
  };
  const input = inputSettings(at('input'));
  const groupKey = groupKeyOf(at('groupBy'), compilation);
  const context: FieldContext = { compilation, grouped: groupKey !== undefined };
  const rowRules = compileRowRules(at('rows'), context);
  const commandNode = at('command');
  const shared = {
    command: commandNode.value === undefined ? command : textOf(commandNode),
    fields: mapOf(at('fields')) ?? new Map<string, Node>(),
  };
  const rules = compileRules(at('rules'), shared, context);
  const hasItems = rules.some(({ outcome }) => outcome.kind === 'command' && outcome.hasItems);
  return {
    kind: 'mapping',
    origin,
    input,
    columns: compilation.columns,
    rowRules,
    rules,
    group: groupKey && { key: groupKey, aggregates: compilation.aggregates, hasItems },
    keysRepeatAcrossFiles: compilation.uses.row && !compilation.uses.file,
  };
}

function datesOf(node: Node): { formats: Compilation['dateFormats']; zone: TimeZone } {
  const members = mapOf(node, ['format', 'timeZone']);
  const format = members?.get('format');
  const patterns = format === undefined ? [] : oneOrMore(format);
  const formats = patterns.map((pattern) => located(pattern, () => parseFormat(textOf(pattern))));
  const zoneNode = members?.get('timeZone');
  const zone = zoneNode === undefined ? UTC : timeZone(textOf(zoneNode));
  if (zone === undefined) throw fault(zoneNode ?? node, 'is no time zone (such as Europe/London)');
  return { formats: formats.length === 0 ? [parseFormat('iso')] : formats, zone };
}

/** The key of a table's entry for every value that it does not list. */
const OTHERWISE = '*';

function tablesOf(node: Node): ReadonlyMap<string, Table> {
  const tables = new Map<string, Table>();
  for (const [name, table] of mapOf(node) ?? []) {
    const values = new Map<string, string>();
    for (const [from, to] of mapOf(table) ?? []) values.set(from, to.value === '' ? '' : textOf(to));
    const otherwise = values.get(OTHERWISE);
    values.delete(OTHERWISE);
    tables.set(name, { name, values, otherwise });
  }
  return tables;
}

function groupKeyOf(node: Node, compilation: Compilation): GroupPlan['key'] | undefined {
  if (node.value === undefined) return undefined;
  if (Array.isArray(node.value) && listOf(node).length === 0) throw fault(node, 'is empty');
  return oneOrMore(node).map((one) => {
    const source = textOf(one);
    if (source.includes('{')) throw fault(one, 'names columns without braces');
    return located(one, () => ({
      label: source,
      evaluate: compileExpression(parseExpression(source), {
        compilation,
        path: one.path,
        aggregates: false,
      }),
    }));
  });
}
