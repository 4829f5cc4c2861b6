import type { FieldKind } from './command-fields';
import { formatDecimal, parseDecimal, withPlaces } from './decimal';
import { readInstant } from './dates';
import { notANumber, Problem, shorten } from './evaluation';
import type { Compilation, Scope, Value } from './evaluation';
import { notADate, toInteger } from './functions';
import { fault, located, mapOf, textOf } from './mapping-yaml';
import type { Node } from './mapping-yaml';
import { compileTemplate } from './template';
import type { Template } from './template';

export type Json = string | number | readonly Json[] | { readonly [name: string]: Json };
/** Undefined: empty, so the field is left out. */
type Build = (scope: Scope) => Json | undefined | Problem;

export interface FieldBuilder {
  readonly build: Build;
  /** What the field is made from, for the message that it is empty. */
  readonly label: string;
}

export interface FieldContext {
  readonly compilation: Compilation;
  readonly grouped: boolean;
}

const CODE = /^[a-z0-9._-]{1,64}$/;
const CURRENCY = /^[A-Z]{3}$/;
export type LeafKind = Extract<FieldKind, 'text' | 'key' | 'code' | 'integer' | 'instant' | object>;

export function compileLeaf(node: Node, kind: LeafKind, context: FieldContext): FieldBuilder {
  const template = templateAt(node, kind === 'key' || kind === 'code', context);
  const convert = (text: string): Json | Problem =>
    convertLeaf(text, kind, template.label, context.compilation);
  const build: Build = (scope) => {
    const value = template.evaluate(scope);
    return value instanceof Problem ? value : value === '' ? undefined : convert(value);
  };
  checkConstant(node, template, convert);
  return { build, label: template.label };
}

function convertLeaf(text: string, kind: LeafKind, label: string, compilation: Compilation): Json | Problem {
  if (typeof kind === 'object') {
    if (kind.oneOf.includes(text)) return text;
    return new Problem(`"${shorten(text)}" is none of ${kind.oneOf.join(', ')} (a table can translate)`);
  }
  if (kind === 'instant') {
    const { dateFormats, zone } = compilation;
    return readInstant(text, dateFormats, zone) ?? notADate(text, dateFormats, label);
  }
  if (kind === 'integer') return integer(text, label);
  if (kind === 'code' && !CODE.test(text)) {
    return new Problem(`"${shorten(text)}" is not a code: 1–64 of a–z 0–9 . _ - (code() makes one)`);
  }
  return text;
}

export function integer(text: string, label: string): number | Problem {
  const value = toInteger(text, label);
  if (value instanceof Problem) return value;
  const number = Number(value);
  return Number.isSafeInteger(number)
    ? number
    : new Problem(`${label} "${shorten(text)}" is too large a number`);
}

export function compileMoney(node: Node, context: FieldContext): FieldBuilder {
  const members = mapOf(node, ['amount', 'currency']);
  const amount = templateAt(member(node, members, 'amount'), true, context);
  const currencyNode = member(node, members, 'currency');
  const currency = templateAt(currencyNode, true, context);
  checkConstant(currencyNode, currency, checkCurrency);
  checkConstant(member(node, members, 'amount'), amount, (text) => money(text, 'USD', 'amount'));
  return {
    label: amount.label,
    build: (scope) => {
      const value = amount.evaluate(scope);
      if (value === '') return undefined;
      if (value instanceof Problem) return inside('amount', value);
      const unit = currency.evaluate(scope);
      if (unit instanceof Problem) return inside('currency', unit);
      if (unit === '') return new Problem(`currency is empty (${currency.label})`);
      const checked = checkCurrency(unit);
      return checked instanceof Problem ? checked : money(value, checked, amount.label);
    },
  };
}

function checkCurrency(text: string): Value {
  return CURRENCY.test(text) ? text : new Problem(`currency "${shorten(text)}" is not three capital letters`);
}

const placesOf = new Map<string, number>();

/** At least as many decimals as the currency has, and no zeros beyond them. */
function money(text: string, currency: string, label: string): Json | Problem {
  const value = parseDecimal(text);
  if (value === undefined) return notANumber(text, label);
  let places = placesOf.get(currency);
  if (places === undefined) {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency });
    places = format.resolvedOptions().minimumFractionDigits ?? 2;
    placesOf.set(currency, places);
  }
  return { amount: formatDecimal(withPlaces(value, places)), currency };
}

export function templateAt(node: Node, whole: boolean, context: FieldContext): Template {
  const { compilation, grouped } = context;
  const source = textOf(node);
  return located(node, () =>
    compileTemplate(source, { compilation, path: node.path, aggregates: grouped, whole }),
  );
}

export function member(parent: Node, members: ReadonlyMap<string, Node> | undefined, name: string): Node {
  const found = members?.get(name);
  if (found === undefined) throw fault(parent, `needs ${name}`);
  return found;
}

/** A constant that cannot be right is wrong before the first row is read. */
function checkConstant(node: Node, template: Template, convert: (text: string) => Json | Problem): void {
  if (template.constant === undefined) return;
  const value = convert(template.constant);
  if (value instanceof Problem) throw fault(node, value.reason);
}

export function inside(name: string, problem: Problem): Problem {
  return new Problem(`${name}: ${problem.reason}`);
}
