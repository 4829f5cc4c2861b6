import type { FieldKind } from './command-fields';
import { Problem } from './evaluation';
import type { Scope } from './evaluation';
import { compileLeaf, compileMoney, inside, integer, member, templateAt } from './leaf-builders';
import type { FieldBuilder, FieldContext, Json, LeafKind } from './leaf-builders';
import { fault, listOf, mapOf } from './mapping-yaml';
import type { Node } from './mapping-yaml';

const ATTRIBUTE_KEY = /^\P{Cc}{1,64}$/u;
/** Functions whose result becomes a number where an attribute is nothing but their call. */
const INTEGER_CALLS = new Set(['int', 'count', 'row']);

export function compileField(node: Node, kind: FieldKind, context: FieldContext): FieldBuilder {
  switch (kind) {
    case 'customer':
      return compileCustomer(node, context);
    case 'identifiers':
      return compileIdentifiers(node, context);
    case 'source':
      return compileObject(node, { system: 'code', id: 'key' }, { part: 'key' }, context);
    case 'touchpoint':
      return compileTouchpoint(node, context);
    case 'money':
      return compileMoney(node, context);
    case 'items':
      return compileItems(node, context);
    case 'attributes':
      return compileAttributes(node, context);
    default:
      return compileLeaf(node, kind, context);
  }
}

function compileCustomer(node: Node, context: FieldContext): FieldBuilder {
  const members = mapOf(node, ['id', 'identifiers']);
  const id = members?.get('id');
  const identifiers = members?.get('identifiers');
  if ((id === undefined) === (identifiers === undefined)) throw fault(node, 'needs either id or identifiers');
  const [name, inner] =
    id === undefined
      ? (['identifiers', compileIdentifiers(identifiers ?? node, context)] as const)
      : (['id', compileLeaf(id, 'key', context)] as const);
  return {
    label: inner.label,
    build: (scope) => {
      const value = inner.build(scope);
      return value === undefined || value instanceof Problem ? value : { [name]: value };
    },
  };
}

/** Identifiers whose value is empty are left out; where all are, so is the field. */
function compileIdentifiers(node: Node, context: FieldContext): FieldBuilder {
  const entries = listOf(node).map((entry) => {
    const members = mapOf(entry, ['type', 'value']);
    return {
      type: compileLeaf(member(entry, members, 'type'), 'code', context),
      value: compileLeaf(member(entry, members, 'value'), 'key', context),
    };
  });
  if (entries.length === 0) throw fault(node, 'is empty');
  return {
    label: entries.map(({ value }) => value.label).join(', '),
    build: (scope) => {
      const identifiers: Json[] = [];
      for (const entry of entries) {
        const value = entry.value.build(scope);
        if (value instanceof Problem) return value;
        if (value === undefined) continue;
        const type = entry.type.build(scope);
        if (type instanceof Problem) return type;
        if (type === undefined) return new Problem(`identifiers: type is empty (${entry.type.label})`);
        identifiers.push({ type, value });
      }
      return identifiers.length === 0 ? undefined : identifiers;
    },
  };
}

function compileTouchpoint(node: Node, context: FieldContext): FieldBuilder {
  const members = mapOf(node, ['id', 'source']);
  const id = members?.get('id');
  const source = members?.get('source');
  if ((id === undefined) === (source === undefined)) throw fault(node, 'needs either id or source');
  if (id !== undefined) return compileObject(node, { id: 'key' }, {}, context);
  const inner = compileObject(source ?? node, { system: 'code', id: 'key' }, { part: 'key' }, context);
  return {
    label: inner.label,
    build: (scope) => {
      const value = inner.build(scope);
      return value === undefined || value instanceof Problem ? value : { source: value };
    },
  };
}

type Shape = Readonly<Record<string, LeafKind>>;

/** An object of leaves; a required one that is empty is the row's problem, as a key that is lost would write twice. */
function compileObject(node: Node, required: Shape, optional: Shape, context: FieldContext): FieldBuilder {
  const shape = { ...required, ...optional };
  const members = mapOf(node, Object.keys(shape));
  const leaves: (FieldBuilder & { readonly name: string })[] = [];
  for (const [name, kind] of Object.entries(shape)) {
    if (required[name] === undefined && members?.get(name) === undefined) continue;
    leaves.push({ name, ...compileLeaf(member(node, members, name), kind, context) });
  }
  return {
    label: leaves.map(({ label }) => label).join(', '),
    build: (scope) => {
      const object: Record<string, Json> = {};
      for (const { name, label, build } of leaves) {
        const value = build(scope);
        if (value instanceof Problem) return inside(name, value);
        if (value !== undefined) object[name] = value;
        else if (required[name] !== undefined) return new Problem(`${name} is empty (${label})`);
      }
      return object;
    },
  };
}

/** One entry a row of the group for each of the mapping's; one with neither sku nor quantity is left out. */
function compileItems(node: Node, context: FieldContext): FieldBuilder {
  // Aggregates are of the group; an item is of a row.
  const rowContext = { ...context, grouped: false };
  const entries = listOf(node).map((entry) => {
    const members = mapOf(entry, ['sku', 'name', 'quantity', 'unitPrice']);
    const field = (name: string, kind: FieldKind): [string, FieldBuilder][] => {
      const value = members?.get(name);
      return value === undefined ? [] : [[name, compileField(value, kind, rowContext)]];
    };
    member(entry, members, 'sku');
    member(entry, members, 'quantity');
    return new Map([
      ...field('sku', 'key'),
      ...field('name', 'text'),
      ...field('quantity', 'integer'),
      ...field('unitPrice', 'money'),
    ]);
  });
  return {
    label: '',
    build: (scope) => {
      const items: Json[] = [];
      for (const row of scope.members) {
        for (const entry of entries) {
          const item = buildItem(entry, { row, rows: 1, aggregates: [], members: [] });
          if (item instanceof Problem) return new Problem(`line ${row.place.line}: ${item.reason}`);
          if (item !== undefined) items.push(item);
        }
      }
      return items.length === 0 ? undefined : items;
    },
  };
}

function buildItem(
  entry: ReadonlyMap<string, FieldBuilder>,
  scope: Scope,
): Record<string, Json> | undefined | Problem {
  const item: Record<string, Json> = {};
  for (const [name, { build }] of entry) {
    const value = build(scope);
    if (value instanceof Problem) return inside(name, value);
    if (value !== undefined) item[name] = value;
  }
  const missing = ['sku', 'quantity'].filter((name) => item[name] === undefined);
  if (missing.length === 2) return undefined;
  return missing.length === 0
    ? item
    : new Problem(`${missing.join()} is empty (${entry.get(missing.join())?.label})`);
}

function compileAttributes(node: Node, context: FieldContext): FieldBuilder {
  const entries = [...(mapOf(node) ?? [])].map(([key, value]) => {
    if (key === '__proto__' || !ATTRIBUTE_KEY.test(key))
      throw fault(node, `"${key}" cannot be an attribute's key`);
    const template = templateAt(value, false, context);
    return { key, template, isInteger: INTEGER_CALLS.has(template.call ?? '') };
  });
  return {
    label: '',
    build: (scope) => {
      const attributes: Record<string, Json> = {};
      for (const { key, template, isInteger } of entries) {
        const text = template.evaluate(scope);
        if (text instanceof Problem) return inside(key, text);
        if (text === '') continue;
        const value = isInteger ? integer(text, template.label) : text;
        if (value instanceof Problem) return inside(key, value);
        attributes[key] = value;
      }
      return Object.keys(attributes).length === 0 ? undefined : attributes;
    },
  };
}
