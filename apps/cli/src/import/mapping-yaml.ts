import { parseDocument } from 'yaml';
import { MappingFault } from './expression-parser';

/** A place in a mapping with what stands there; every scalar is text, so that 007 stays 007. */
export interface Node {
  readonly path: string;
  readonly value: unknown;
}

/** The mapping as plain objects, arrays and texts. Errors are one line and say where. */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text, { schema: 'failsafe', merge: true, logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    const hint = text.includes('{') ? ' (a value with braces stands between quotes: "{Column}")' : '';
    const message = error.message.split('\n')[0] ?? '';
    throw new MappingFault(`line ${line}: ${message.replace(/ at line \d+, column \d+:?$/, '')}${hint}`);
  }
  const value: unknown = document.toJS();
  return value;
}

/** The members of a map, each with its path. Undefined where the node is. */
export function mapOf(node: Node, allowed?: readonly string[]): ReadonlyMap<string, Node> | undefined {
  if (node.value === undefined) return undefined;
  if (!isMap(node.value)) throw fault(node, 'must be a map (key: value)');
  const members = new Map<string, Node>();
  for (const [key, value] of Object.entries(node.value)) {
    if (allowed !== undefined && !allowed.includes(key)) {
      throw fault(node, `unknown key "${key}" (known: ${allowed.join(', ')})`);
    }
    members.set(key, { path: node.path === '' ? key : `${node.path}.${key}`, value });
  }
  return members;
}

export function listOf(node: Node): readonly Node[] {
  if (!Array.isArray(node.value)) throw fault(node, 'must be a list (- …)');
  return node.value.map((value: unknown, index) => ({ path: `${node.path}[${index}]`, value }));
}

/** One text or several. */
export function oneOrMore(node: Node): readonly Node[] {
  return Array.isArray(node.value) ? listOf(node) : [node];
}

export function textOf(node: Node): string {
  if (typeof node.value === 'string' && node.value !== '') return node.value;
  if (node.value === null || node.value === undefined || node.value === '') throw fault(node, 'has no value');
  if (isMap(node.value) && Object.values(node.value).every((member) => member === null || member === '')) {
    throw fault(node, `put quotes around it: "{${Object.keys(node.value).join(', ')}}"`);
  }
  throw fault(node, 'must be a text');
}

export function booleanOf(node: Node): boolean {
  const text = textOf(node);
  if (text !== 'true' && text !== 'false') throw fault(node, `must be true or false, not "${text}"`);
  return text === 'true';
}

export function fault(node: Node, message: string): MappingFault {
  return new LocatedFault(node.path === '' ? message : `${node.path}: ${message}`);
}

/** Adds the node's path to what an expression or template finds wrong with itself. */
export function located<T>(node: Node, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MappingFault && !(error instanceof LocatedFault)) throw fault(node, error.message);
    throw error;
  }
}

class LocatedFault extends MappingFault {}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
