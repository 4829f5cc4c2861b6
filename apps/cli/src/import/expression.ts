import { add, formatDecimal, multiply, negate, parseDecimal, ZERO } from './decimal';
import type { Decimal } from './decimal';
import { notANumber, Problem } from './evaluation';
import type { AggregateName, Compilation, Evaluate, Scope } from './evaluation';
import { MappingFault } from './expression-parser';
import type { Expression } from './expression-parser';
import { FUNCTIONS } from './functions';

export interface CompileOptions {
  readonly compilation: Compilation;
  readonly path: string;
  /** Aggregates make sense for a group, not for one of its rows. */
  readonly aggregates: boolean;
}

export function compileExpression(expression: Expression, options: CompileOptions): Evaluate {
  switch (expression.kind) {
    case 'text':
    case 'number':
      return () => expression.text;
    case 'column':
      return compileColumn(expression.name, options);
    case 'negate':
      return compileNegation(expression.of, options);
    case 'arithmetic':
      return compileArithmetic(expression, options);
    case 'call':
      return compileCall(expression.name, expression.args, options);
  }
}

function compileColumn(name: string, { compilation, path }: CompileOptions): Evaluate {
  if (!compilation.columns.has(name)) compilation.columns.set(name, path);
  return ({ row }) => row.cell(name);
}

function compileNegation(of: Expression, options: CompileOptions): Evaluate {
  const evaluate = compileExpression(of, options);
  return (scope) => {
    const value = number(evaluate, of, scope);
    return value === undefined ? '' : value instanceof Problem ? value : formatDecimal(negate(value));
  };
}

const ARITHMETIC = {
  '+': add,
  '-': (left: Decimal, right: Decimal): Decimal => add(left, negate(right)),
  '*': multiply,
};

function compileArithmetic(
  { sign, left, right }: Extract<Expression, { kind: 'arithmetic' }>,
  options: CompileOptions,
): Evaluate {
  const evaluateLeft = compileExpression(left, options);
  const evaluateRight = compileExpression(right, options);
  const apply = ARITHMETIC[sign];
  return (scope) => {
    const a = number(evaluateLeft, left, scope);
    if (a instanceof Problem) return a;
    const b = number(evaluateRight, right, scope);
    if (b instanceof Problem) return b;
    return a === undefined || b === undefined ? '' : formatDecimal(apply(a, b));
  };
}

function compileCall(name: string, args: readonly Expression[], options: CompileOptions): Evaluate {
  if (name === 'sum' || name === 'min' || name === 'max') return compileAggregate(name, args, options);
  if (name === 'count') {
    if (!options.aggregates) throw new MappingFault('count() needs groupBy, and counts the rows of a group');
    return ({ rows }) => String(rows);
  }
  const definition = FUNCTIONS.get(name);
  if (definition === undefined) {
    const known = [...FUNCTIONS.keys(), 'sum', 'min', 'max', 'count'].toSorted().join(', ');
    throw new MappingFault(
      `unknown function "${name}" (known: ${known}; a column with ( in its name stands between backquotes)`,
    );
  }
  const [least, most] = definition.arity;
  if (args.length < least || args.length > most) throw new MappingFault(`usage: ${definition.usage}`);
  return definition.compile({
    args: args.map((arg) => compileExpression(arg, options)),
    label: describe(args[0]),
    literal: (index) => literalOf(args[index], definition.usage),
    compilation: options.compilation,
  });
}

function compileAggregate(
  name: AggregateName,
  args: readonly Expression[],
  options: CompileOptions,
): Evaluate {
  const [argument] = args;
  if (argument === undefined || args.length > 1) throw new MappingFault(`usage: ${name}(expression)`);
  if (!options.aggregates)
    throw new MappingFault(`${name}() needs groupBy, and cannot stand in items, rows or another aggregate`);
  const { aggregates } = options.compilation;
  const index = aggregates.length;
  const label = describe(argument);
  const inner = compileExpression(argument, { ...options, aggregates: false });
  aggregates.push({
    name,
    argument: (scope) => {
      const value = inner(scope);
      return value === '' ? new Problem(`${label} is empty (default(…, 0) makes it 0)`) : value;
    },
  });
  return (scope) => {
    const state = scope.aggregates[index];
    return state?.problem ?? formatDecimal(state?.total ?? ZERO);
  };
}

/** Undefined: empty. */
function number(evaluate: Evaluate, of: Expression, scope: Scope): Decimal | undefined | Problem {
  const value = evaluate(scope);
  if (value instanceof Problem) return value;
  if (value === '') return undefined;
  return parseDecimal(value) ?? notANumber(value, describe(of));
}

/** An expression's name in a message. */
function describe(expression: Expression | undefined): string {
  switch (expression?.kind) {
    case 'column':
      return expression.name;
    case 'call':
      return `${expression.name}(${expression.args.map(describe).join(', ')})`;
    case 'text':
    case 'number':
      return expression.text;
    case 'negate':
      return `-${describe(expression.of)}`;
    case 'arithmetic':
      return `${describe(expression.left)} ${expression.sign} ${describe(expression.right)}`;
    case undefined:
      return '';
  }
}

function literalOf(expression: Expression | undefined, usage: string): string | undefined {
  if (expression === undefined) return undefined;
  if (expression.kind === 'text' || expression.kind === 'number') return expression.text;
  throw new MappingFault(`usage: ${usage}, where what is quoted is a text in quotes`);
}
