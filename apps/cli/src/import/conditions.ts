import { compare, parseDecimal } from './decimal';
import type { Decimal } from './decimal';
import { notANumber, Problem } from './evaluation';
import type { Evaluate, Scope } from './evaluation';
import { compileExpression } from './expression';
import { parseExpression } from './expression-parser';
import type { FieldContext } from './leaf-builders';
import { booleanOf, fault, listOf, located, mapOf, oneOrMore, textOf } from './mapping-yaml';
import type { Node } from './mapping-yaml';

export type Condition = (scope: Scope) => boolean | Problem;
type Test = (text: string) => boolean | Problem;

/** A map: all of its tests hold. A list of maps: one of them does. `not:` turns its own map or list round. */
export function compileCondition(node: Node, context: FieldContext): Condition {
  if (Array.isArray(node.value)) {
    const alternatives = listOf(node).map((one) => compileCondition(one, context));
    if (alternatives.length === 0) throw fault(node, 'is empty');
    return (scope) => firstThat(alternatives, scope, true);
  }
  const members = mapOf(node);
  if (members === undefined || members.size === 0) throw fault(node, 'is empty');
  const all = [...members].map(([key, value]) => {
    if (key === 'not') {
      const inner = compileCondition(value, context);
      return negated(inner);
    }
    return compileTests(key, value, context);
  });
  return (scope) => firstThat(all, scope, false);
}

/** `wanted` as soon as a condition says so, else its opposite: "or" with true, "and" with false. */
function firstThat(conditions: readonly Condition[], scope: Scope, wanted: boolean): boolean | Problem {
  for (const condition of conditions) {
    const result = condition(scope);
    if (result instanceof Problem || result === wanted) return result;
  }
  return !wanted;
}

function negated(inner: Condition): Condition {
  return (scope) => {
    const result = inner(scope);
    return result instanceof Problem ? result : !result;
  };
}

function compileTests(source: string, node: Node, context: FieldContext): Condition {
  const { compilation, grouped } = context;
  const evaluate: Evaluate = located(node, () =>
    compileExpression(parseExpression(source), { compilation, path: node.path, aggregates: grouped }),
  );
  const tests = testsOf(node, source);
  return (scope) => {
    const value = evaluate(scope);
    if (value instanceof Problem) return value;
    for (const test of tests) {
      const result = test(value);
      if (result !== true) return result;
    }
    return true;
  };
}

function testsOf(node: Node, label: string): readonly Test[] {
  if (typeof node.value === 'string' || Array.isArray(node.value)) return [oneOf(node)];
  const members = mapOf(node, Object.keys(OPERATORS));
  if (members === undefined || members.size === 0) throw fault(node, 'is empty');
  return [...members].map(([name, value]) => {
    const operator = OPERATORS[name];
    if (operator === undefined) throw fault(value, `unknown test "${name}"`);
    return operator(value, label);
  });
}

const OPERATORS: Readonly<Record<string, (node: Node, label: string) => Test>> = {
  is: oneOf,
  startsWith: (node) => anyText(node, (text, wanted) => text.startsWith(wanted)),
  endsWith: (node) => anyText(node, (text, wanted) => text.endsWith(wanted)),
  contains: (node) => anyText(node, (text, wanted) => text.includes(wanted)),
  matches: (node) => {
    const expression = located(node, () => regularExpression(node));
    return (text) => expression.test(text);
  },
  empty: (node) => {
    const wanted = booleanOf(node);
    return (text) => (text === '') === wanted;
  },
  lt: (node, label) => numeric(node, label, (order) => order < 0),
  lte: (node, label) => numeric(node, label, (order) => order <= 0),
  gt: (node, label) => numeric(node, label, (order) => order > 0),
  gte: (node, label) => numeric(node, label, (order) => order >= 0),
};

function oneOf(node: Node): Test {
  const wanted = new Set(oneOrMore(node).map(textOf));
  return (text) => wanted.has(text);
}

function anyText(node: Node, holds: (text: string, wanted: string) => boolean): Test {
  const wanted = oneOrMore(node).map(textOf);
  return (text) => wanted.some((one) => holds(text, one));
}

function regularExpression(node: Node): RegExp {
  const source = textOf(node);
  try {
    return new RegExp(source, 'u');
  } catch {
    throw fault(node, `"${source}" is no regular expression`);
  }
}

/** Nothing is less or greater than an empty value. */
function numeric(node: Node, label: string, holds: (order: number) => boolean): Test {
  const text = textOf(node);
  const limit: Decimal | undefined = parseDecimal(text);
  if (limit === undefined) throw fault(node, `"${text}" is not a number`);
  return (value) => {
    if (value === '') return false;
    const number = parseDecimal(value);
    return number === undefined ? notANumber(value, label) : holds(compare(number, limit));
  };
}
