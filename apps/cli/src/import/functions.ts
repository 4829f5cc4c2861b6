import {
  cleanDecimal,
  formatDecimal,
  negate,
  parseDecimal,
  round,
  ZERO,
  compare,
  withPlaces,
} from './decimal';
import { readInstant } from './dates';
import type { DateFormat } from './dates';
import { notANumber, parseFormat, Problem, shorten } from './evaluation';
import type { Compilation, Evaluate, Scope, Value } from './evaluation';
import { MappingFault } from './expression-parser';
import { timeZone } from './time-zone';

interface Call {
  readonly args: readonly Evaluate[];
  /** What the first argument is called in a message. */
  readonly label: string;
  /** A quoted argument's text, undefined where it was not given. */
  literal(index: number): string | undefined;
  readonly compilation: Compilation;
}

interface FunctionDefinition {
  readonly usage: string;
  readonly arity: readonly [least: number, most: number];
  compile(call: Call): Evaluate;
}

const MAX_CODE_CHARACTERS = 64;
const MAX_ARGUMENTS = 20;
const MAX_PLACES = 6;

/** A function of one value that leaves empty ones empty. */
function ofOne(call: Call, apply: (text: string, scope: Scope) => Value): Evaluate {
  const first = argument(call, 0);
  return (scope) => {
    const value = first(scope);
    return value instanceof Problem || value === '' ? value : apply(value, scope);
  };
}

function argument(call: Call, index: number): Evaluate {
  return call.args[index] ?? (() => '');
}

export function toInteger(text: string, label: string): Value {
  const value = parseDecimal(text);
  if (value === undefined) return notANumber(text, label);
  const whole = withPlaces(value, 0);
  if (whole.scale > 0) return new Problem(`${label} "${shorten(text)}" is not a whole number`);
  return formatDecimal(whole);
}

function toCode(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, MAX_CODE_CHARACTERS);
}

function compileDecimal(call: Call): Evaluate {
  const mark = call.literal(1) ?? '.';
  if (mark !== '.' && mark !== ',') throw new MappingFault("decimal(x, mark): the mark is '.' or ','");
  return ofOne(call, (text) => {
    const value = cleanDecimal(text, mark);
    if (value !== undefined) return formatDecimal(value);
    return new Problem(`${call.label} "${shorten(text)}" is not a number with the decimal mark "${mark}"`);
  });
}

function compileRound(call: Call): Evaluate {
  const places = Number(call.literal(1) ?? '0');
  if (!Number.isInteger(places) || places > MAX_PLACES) {
    throw new MappingFault(`round(x, places): 0 to ${MAX_PLACES} places`);
  }
  return ofOne(call, (text) => {
    const value = parseDecimal(text);
    return value === undefined ? notANumber(text, call.label) : formatDecimal(round(value, places));
  });
}

function compileReplace(call: Call): Evaluate {
  const pattern = call.literal(1) ?? '';
  const replacement = call.literal(2) ?? '';
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, 'gu');
  } catch {
    throw new MappingFault(`replace(): "${pattern}" is no regular expression`);
  }
  return ofOne(call, (text) => text.replace(expression, replacement).trim());
}

function compileLookup(call: Call): Evaluate {
  const name = call.literal(1) ?? '';
  const table = call.compilation.tables.get(name);
  if (table === undefined) throw new MappingFault(`lookup(): there is no table "${name}" under tables`);
  const first = argument(call, 0);
  return (scope) => {
    const value = first(scope);
    if (value instanceof Problem) return value;
    const found = table.values.get(value) ?? (value === '' ? '' : table.otherwise);
    return found ?? new Problem(`${call.label} "${shorten(value)}" is not in the table ${name}`);
  };
}

function compileDate(call: Call): Evaluate {
  const pattern = call.literal(1);
  const zoneName = call.literal(2);
  const zone = zoneName === undefined ? call.compilation.zone : timeZone(zoneName);
  if (zone === undefined) throw new MappingFault(`date(): "${zoneName}" is no time zone`);
  const formats = pattern === undefined ? call.compilation.dateFormats : [parseFormat(pattern)];
  return ofOne(call, (text) => readInstant(text, formats, zone) ?? notADate(text, formats, call.label));
}

export function notADate(text: string, formats: readonly DateFormat[], label: string): Problem {
  const patterns = formats.map(({ pattern }) => pattern).join(' or ');
  return new Problem(`${label} "${shorten(text)}" is not a date of the form ${patterns}`);
}

function compileDefault(call: Call): Evaluate {
  return (scope) => {
    for (const arg of call.args) {
      const value = arg(scope);
      if (value !== '') return value;
    }
    return '';
  };
}

function simple(usage: string, apply: (text: string, label: string) => Value): FunctionDefinition {
  return { usage, arity: [1, 1], compile: (call) => ofOne(call, (text) => apply(text, call.label)) };
}

function absolute(text: string, label: string): Value {
  const value = parseDecimal(text);
  if (value === undefined) return notANumber(text, label);
  return formatDecimal(compare(value, ZERO) < 0 ? negate(value) : value);
}

export const FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map(
  Object.entries<FunctionDefinition>({
    row: {
      usage: 'row()',
      arity: [0, 0],
      compile({ compilation }) {
        compilation.uses.row = true;
        return ({ row }) => String(row.place.row);
      },
    },
    file: {
      usage: 'file()',
      arity: [0, 0],
      compile({ compilation }) {
        compilation.uses.file = true;
        return ({ row }) => row.place.file.replace(/^.*[\\/]/, '');
      },
    },
    int: simple('int(x)', toInteger),
    decimal: { usage: "decimal(x) or decimal(x, ',')", arity: [1, 2], compile: compileDecimal },
    round: { usage: 'round(x, places)', arity: [1, 2], compile: compileRound },
    abs: simple('abs(x)', absolute),
    lower: simple('lower(x)', (text) => text.toLowerCase()),
    upper: simple('upper(x)', (text) => text.toUpperCase()),
    code: simple('code(x)', toCode),
    replace: {
      usage: "replace(x, 'regular expression', 'replacement')",
      arity: [3, 3],
      compile: compileReplace,
    },
    lookup: { usage: "lookup(x, 'table')", arity: [2, 2], compile: compileLookup },
    date: {
      usage: "date(x), date(x, 'format') or date(x, 'format', 'time zone')",
      arity: [1, 3],
      compile: compileDate,
    },
    default: { usage: 'default(x, y, …)', arity: [2, MAX_ARGUMENTS], compile: compileDefault },
  }),
);
