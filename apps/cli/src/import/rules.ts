import { COMMAND_NAMES, fieldsOf, needsRequestKey } from './command-fields';
import { compileCondition } from './conditions';
import type { Condition } from './conditions';
import { Problem } from './evaluation';
import type { Evaluate, Scope } from './evaluation';
import { compileField } from './field-builders';
import { inside, templateAt } from './leaf-builders';
import type { FieldBuilder, FieldContext, Json } from './leaf-builders';
import { booleanOf, fault, listOf, mapOf, textOf } from './mapping-yaml';
import type { Node } from './mapping-yaml';

export type Outcome =
  | { readonly kind: 'skip' }
  | { readonly kind: 'reject'; readonly reason: Evaluate }
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly build: (scope: Scope) => Readonly<Record<string, Json>> | Problem;
      /** Without a source of its own, the line is known to the ledger by the request's key and its number in it. */
      readonly needsRequestKey: boolean;
      readonly hasItems: boolean;
    };

export interface Rule {
  readonly when: Condition;
  readonly outcome: Outcome;
}

interface SharedFields {
  /** Of a rule that names no command itself. */
  readonly command: string | undefined;
  /** Fields that every rule has unless it says otherwise. */
  readonly fields: ReadonlyMap<string, Node>;
}

const ALWAYS: Condition = () => true;

export function compileRules(node: Node, shared: SharedFields, context: FieldContext): readonly Rule[] {
  if (node.value === undefined) {
    const entry: Node = { path: 'fields', value: undefined };
    return [{ when: ALWAYS, outcome: commandOutcome(entry, undefined, shared, context) }];
  }
  const rules = listOf(node).map((entry): Rule => {
    const members = mapOf(entry, ['when', 'skip', 'reject', 'command', 'fields']);
    return {
      when: whenOf(members, context),
      outcome: refusal(entry, members, context) ?? commandOutcome(entry, members, shared, context),
    };
  });
  if (rules.length === 0) throw fault(node, 'is empty');
  return rules;
}

/** Rules for single rows, before they are grouped: they leave rows out, and a row that none matches goes on. */
export function compileRowRules(node: Node, context: FieldContext): readonly Rule[] {
  if (node.value === undefined) return [];
  const rowContext = { ...context, grouped: false };
  return listOf(node).map((entry) => {
    const members = mapOf(entry, ['when', 'skip', 'reject']);
    const outcome = refusal(entry, members, rowContext);
    if (outcome === undefined) throw fault(entry, 'needs skip: true or reject: reason');
    return { when: whenOf(members, rowContext), outcome };
  });
}

type Members = ReadonlyMap<string, Node> | undefined;

function whenOf(members: Members, context: FieldContext): Condition {
  const node = members?.get('when');
  return node === undefined ? ALWAYS : compileCondition(node, context);
}

function refusal(entry: Node, members: Members, context: FieldContext): Outcome | undefined {
  const skip = members?.get('skip');
  const reject = members?.get('reject');
  const asked = ['skip', 'reject', 'command', 'fields'].filter((name) => members?.get(name) !== undefined);
  if ((skip ?? reject) === undefined) return undefined;
  if (asked.length > 1) throw fault(entry, `has both ${asked.join(' and ')}`);
  if (skip !== undefined) {
    if (!booleanOf(skip)) throw fault(skip, 'can only be true');
    return { kind: 'skip' };
  }
  return { kind: 'reject', reason: templateAt(reject ?? entry, false, context).evaluate };
}

function commandOutcome(entry: Node, members: Members, shared: SharedFields, context: FieldContext): Outcome {
  const commandNode = members?.get('command');
  const command = commandNode === undefined ? shared.command : textOf(commandNode);
  if (command === undefined) {
    throw fault(entry, `needs a command: ${COMMAND_NAMES.join(', ')} (here, at the top, or with --command)`);
  }
  const definitions = fieldsOf(command);
  if (definitions === undefined) {
    throw fault(
      commandNode ?? { path: 'command', value: command },
      `unknown command "${command}" (known: ${COMMAND_NAMES.join(', ')})`,
    );
  }
  const own = members?.get('fields');
  const nodes = new Map([...shared.fields, ...((own && mapOf(own)) ?? [])]);
  for (const [name, node] of nodes) {
    if (!definitions.has(name)) {
      throw fault(
        node,
        `a ${command} has no field "${name}" (it has: ${[...definitions.keys()].join(', ')})`,
      );
    }
  }
  const fields: NamedField[] = [];
  for (const [name, { kind, required }] of definitions) {
    const node = nodes.get(name);
    if (node !== undefined) fields.push({ name, required, ...compileField(node, kind, context) });
    else if (required) throw fault(own ?? entry, `a ${command} needs the field "${name}"`);
  }
  return {
    kind: 'command',
    command,
    build: (scope) => buildCommand(command, fields, scope),
    needsRequestKey: needsRequestKey(command, nodes.has('source')),
    hasItems: nodes.has('items'),
  };
}

interface NamedField extends FieldBuilder {
  readonly name: string;
  readonly required: boolean;
}

function buildCommand(
  command: string,
  fields: readonly NamedField[],
  scope: Scope,
): Readonly<Record<string, Json>> | Problem {
  const body: Record<string, Json> = { command };
  for (const { name, required, label, build } of fields) {
    const value = build(scope);
    if (value instanceof Problem) return inside(name, value);
    if (value !== undefined) body[name] = value;
    else if (required) return new Problem(`no ${name}: ${label} is empty`);
  }
  return body;
}
