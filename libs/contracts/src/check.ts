import { isJsonObject, pointerTo } from '#libs/core';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import { isGiven } from './field';
import type { FieldContext } from './field';
import { REFUSED } from './rule';
import type { Constructor, Fault, Rule } from './rule';

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly Fault[] };

export const MAX_FAULTS = 20;

type Members = Record<string, unknown>;
/** Reads a value that is there: what the message keeps, or anything at all once faults are added. */
type Step = (value: unknown, owner: object, faults: Fault[]) => unknown;

interface CheckedField {
  readonly name: string;
  readonly required: boolean;
  readonly inPath: boolean;
  readonly fromText: Rule<unknown>['fromText'];
  readonly step: Step;
}

interface Shape {
  readonly fields: Map<string, CheckedField>;
  readonly required: readonly CheckedField[];
}

/**
 * Checks a body against a class's class-validator metadata, compiled once: strict about unknown fields and `null`.
 * The value is a new instance of the class with instants and UUIDs in the ledger's form; the body stays as it is.
 * Path parameters are fields of the class but unknown in the body.
 */
export function check<T extends object>(
  type: Constructor<T>,
  body: unknown,
  path: Readonly<Record<string, string>> = {},
): Checked<T> {
  return fill(type, body, path);
}

/** The same for a line of bulk, which has no path: its parameters are fields like all others. */
export function checkWhole<T extends object>(type: Constructor<T>, body: unknown): Checked<T> {
  return fill(type, body, undefined);
}

/** The same for a query string, where every value is text: integers are decimal, nothing is given twice. */
export function checkQuery<T extends object>(
  type: Constructor<T>,
  query: Readonly<Record<string, unknown>>,
): Checked<T> {
  const { fields } = shapeOf(type);
  const faults: Fault[] = [];
  const entries = Object.entries(query).map(([name, value]) => {
    if (typeof value !== 'string') addFault(faults, pointerTo(name), 'must be given once, as text');
    const fromText = fields.get(name)?.fromText;
    return [name, typeof value === 'string' && fromText !== undefined ? fromText(value) : value] as const;
  });
  return faults.length > 0
    ? { ok: false, errors: faults }
    : fill(type, Object.fromEntries(entries), undefined);
}

// `Field` is typed so that what its rule reads fits the class: filling an instance by name is sound.
function fill<T extends object>(
  type: Constructor<T>,
  body: unknown,
  path: Readonly<Record<string, string>> | undefined,
): Checked<T> {
  const shape = shapes.get(type) ?? shapeOf(type);
  const faults: Fault[] = [];
  const value: T & Members = Object.assign(new type(), NONE);
  if (isJsonObject(body)) {
    readMembers(shape, body, path, value, faults);
  } else addFault(faults, '', 'must be a JSON object');
  return faults.length === 0 ? { ok: true, value } : { ok: false, errors: faults };
}

function readMembers(
  { fields, required }: Shape,
  body: Readonly<Members>,
  path: Readonly<Record<string, string>> | undefined,
  out: Members,
  faults: Fault[],
): void {
  let found = 0;
  for (const name in body) {
    const field = fields.get(name);
    if (field === undefined || (field.inPath && path !== undefined)) {
      addFault(faults, pointerTo(name), 'is not a known field');
      if (faults.length >= MAX_FAULTS) return;
      continue;
    }
    const value = body[name];
    if (value === undefined) continue;
    if (field.required) found++;
    out[name] = readField(field, value, body, faults);
  }
  if (found === required.length) return;
  for (const field of required) {
    const { name } = field;
    const value = field.inPath && path !== undefined ? path[name] : body[name];
    if (value === undefined) addFault(faults, pointerTo(name), 'is required');
    else if (field.inPath && path !== undefined) out[name] = readField(field, value, body, faults);
  }
}

function readField({ name, step }: CheckedField, value: unknown, owner: object, faults: Fault[]): unknown {
  const before = faults.length;
  const kept = step(value, owner, faults);
  if (faults.length > before) prefix(faults, before, name);
  return kept;
}

/** Given to a new instance so that the compiler lets it be filled by name. */
const NONE: Members = {};

const shapes = new Map<Constructor<object>, Shape>();

function shapeOf(type: Constructor<object>): Shape {
  const known = shapes.get(type);
  if (known !== undefined) return known;
  const byName = new Map<string, Metadata[]>();
  for (const metadata of getMetadataStorage().getTargetValidationMetadatas(type, '', false, false)) {
    const { propertyName } = metadata;
    byName.set(propertyName, [...(byName.get(propertyName) ?? []), metadata]);
  }
  const fields = new Map<string, CheckedField>();
  for (const [name, metadatas] of byName) fields.set(name, compileField(type, name, metadatas));
  if (fields.size === 0) throw new TypeError(`${type.name} has no class-validator metadata`);
  const shape = { fields, required: [...fields.values()].filter((field) => field.required) };
  shapes.set(type, shape);
  return shape;
}

type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** Knows what `Field` and its kin declare; anything else would be checked by class-validator alone, so it throws. */
function compileField(type: Constructor<object>, name: string, metadatas: readonly Metadata[]): CheckedField {
  let rule: Rule<unknown> | undefined;
  let elements: Rule<unknown> | undefined;
  let members: Shape | undefined;
  let required = true;
  let inPath = false;
  for (const metadata of metadatas) {
    const constraint: unknown = metadata.constraints?.[0];
    const context: FieldContext = metadata.context ?? {};
    const groups: readonly string[] | undefined = metadata.groups; // typed otherwise, but missing by default
    const plain =
      (groups ?? []).length === 0 && metadata.always !== true && metadata.validateIf === undefined;
    inPath ||= context.inPath === true;
    if (plain && metadata.type === ValidationTypes.CUSTOM_VALIDATION && isRule(constraint)) {
      if (metadata.each) elements = constraint;
      else rule = constraint;
    } else if (
      plain &&
      metadata.type === ValidationTypes.NESTED_VALIDATION &&
      context.members !== undefined
    ) {
      members = shapeOf(context.members());
    } else if (metadata.type === ValidationTypes.CONDITIONAL_VALIDATION && constraint === isGiven) {
      required = false;
    } else {
      throw new TypeError(`${type.name}.${name}: check does not know ${metadata.name ?? metadata.type}`);
    }
  }
  if (rule === undefined) throw new TypeError(`${type.name}.${name} has no rule`);
  const step = compileStep(rule, elements, members);
  return { name, required, inPath, fromText: rule.fromText, step };
}

function compileStep(
  rule: Rule<unknown>,
  elements: Rule<unknown> | undefined,
  members: Shape | undefined,
): Step {
  if (elements !== undefined) {
    const each = compileStep(elements, undefined, members);
    return (value, owner, faults) => {
      const list = rule.read(value, owner);
      if (!Array.isArray(list)) return explain(rule, value, owner, faults);
      return readElements(each, list, owner, faults);
    };
  }
  return (value, owner, faults) => {
    const kept = rule.read(value, owner);
    if (kept === REFUSED) return explain(rule, value, owner, faults);
    if (members === undefined || !isJsonObject(kept)) return kept;
    const out: Members = {};
    readMembers(members, kept, undefined, out, faults);
    return out;
  };
}

function readElements(each: Step, list: readonly unknown[], owner: object, faults: Fault[]): unknown[] {
  const kept: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    const before = faults.length;
    kept.push(each(list[index], owner, faults));
    if (faults.length > before) prefix(faults, before, String(index));
    if (faults.length >= MAX_FAULTS) break;
  }
  return kept;
}

function explain(rule: Rule<unknown>, value: unknown, owner: object, faults: Fault[]): void {
  const { pointer, message } = rule.explain(value, owner);
  addFault(faults, pointer, message);
}

function addFault(faults: Fault[], pointer: string, message: string): void {
  if (faults.length < MAX_FAULTS) faults.push({ pointer, message });
}

function prefix(faults: Fault[], from: number, name: string): void {
  for (let index = from; index < faults.length; index++) {
    const fault = faults[index];
    if (fault !== undefined) faults[index] = { ...fault, pointer: pointerTo(name) + fault.pointer };
  }
}

function isRule(value: unknown): value is Rule<unknown> {
  return typeof value === 'object' && value !== null && 'read' in value && 'explain' in value;
}
