import { ImportError } from './import-error';
import { compileMapping } from './mapping';
import type { MappingPlan } from './mapping';

/** Columns that are identifiers of the customer by their bare name. */
const IDENTIFIER_COLUMNS = new Set(['email', 'phone', 'crm', 'wechat']);

type Tree = Map<string, Tree | string>;
interface Identifier {
  readonly type: string;
  readonly value: string;
}

/**
 * The mapping of a table that needs none, as its header names fields: `channel`, `total.amount`, `source.id`,
 * `attributes.colour`; `email`, `phone`, `crm`, `wechat` or `identifier.<type>` are identifiers, `customerId` the id.
 */
export function headerMapping(columns: readonly string[], command: string, file: string): MappingPlan {
  const fields: Tree = new Map();
  const identifiers: Identifier[] = [];
  for (const column of columns) {
    const value = `{\`${column}\`}`;
    if (column === '' || column.includes('`')) {
      throw new ImportError(`${file}: the column "${column}" needs a mapping (--map)`);
    }
    const type = identifierType(column);
    if (type !== undefined) identifiers.push({ type, value });
    else set(fields, column === 'customerId' ? ['customer', 'id'] : pathOf(column), value, file);
  }
  const mapping: Record<string, unknown> = toObject(fields);
  if (identifiers.length > 0 && command === 'customer') mapping['identifiers'] = identifiers;
  else if (identifiers.length > 0) mapping['customer'] = { ...objectAt(mapping, 'customer'), identifiers };
  return compileMapping(() => ({ command, fields: mapping }), file);
}

function identifierType(column: string): string | undefined {
  if (IDENTIFIER_COLUMNS.has(column)) return column;
  return /^(?:identifier|(?:customer\.)?identifiers)\.(.+)$/.exec(column)?.[1];
}

/** An attribute's key may hold dots. */
function pathOf(column: string): readonly string[] {
  const attribute = /^attributes\.(.+)$/.exec(column)?.[1];
  return attribute === undefined ? column.split('.') : ['attributes', attribute];
}

function set(tree: Tree, [name = '', ...rest]: readonly string[], value: string, file: string): void {
  if (rest.length === 0) {
    if (tree.has(name)) throw new ImportError(`${file}: the header names "${name}" twice`);
    tree.set(name, value);
    return;
  }
  const found = tree.get(name) ?? new Map<string, Tree | string>();
  if (typeof found === 'string')
    throw new ImportError(`${file}: the header has both "${name}" and parts of it`);
  tree.set(name, found);
  set(found, rest, value, file);
}

function toObject(tree: Tree): Record<string, unknown> {
  return Object.fromEntries(
    [...tree].map(([name, value]) => [name, typeof value === 'string' ? value : toObject(value)]),
  );
}

function objectAt(mapping: Readonly<Record<string, unknown>>, name: string): object {
  const value = mapping[name];
  return typeof value === 'object' && value !== null ? value : {};
}
