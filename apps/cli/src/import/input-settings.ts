import { booleanOf, fault, listOf, mapOf, textOf } from './mapping-yaml';
import type { Node } from './mapping-yaml';

const FORMATS = ['csv', 'tsv', 'whitespace', 'ndjson'] as const;
export type Format = (typeof FORMATS)[number];

/** How files are read; what is undefined is found out from each file. */
export interface InputSettings {
  readonly format: Format | undefined;
  readonly delimiter: string | undefined;
  /** '' where quotes mean nothing. */
  readonly quote: string;
  readonly header: boolean;
  /** Names for the columns, instead of the header's. */
  readonly columns: readonly string[] | undefined;
  readonly trim: boolean;
  readonly emptyValues: ReadonlySet<string>;
  readonly encoding: string;
}

export const DEFAULT_INPUT: InputSettings = inputSettings({ path: 'input', value: undefined });

export function inputSettings(node: Node): InputSettings {
  const members = mapOf(node, [
    'format',
    'delimiter',
    'quote',
    'header',
    'columns',
    'trim',
    'emptyValues',
    'encoding',
  ]);
  const optional = <T>(name: string, read: (value: Node) => T): T | undefined => {
    const value = members?.get(name);
    return value === undefined ? undefined : read(value);
  };
  const columns = optional('columns', columnsOf);
  const header = optional('header', booleanOf) ?? columns === undefined;
  const format = optional('format', formatOf);
  const delimiter = optional('delimiter', delimiterOf);
  if (!header && columns === undefined && format !== 'ndjson') {
    throw fault(node, 'without a header row, columns must name the columns');
  }
  if (delimiter !== undefined && format !== undefined && format !== 'csv' && format !== 'tsv') {
    throw fault(node, `delimiter makes no sense with the format ${format}`);
  }
  return {
    format,
    delimiter,
    quote: optional('quote', quoteOf) ?? '"',
    header,
    columns,
    trim: optional('trim', booleanOf) ?? true,
    emptyValues: new Set(optional('emptyValues', (value) => listOf(value).map(textOf))),
    encoding: optional('encoding', encodingOf) ?? 'utf-8',
  };
}

function columnsOf(node: Node): readonly string[] {
  const names = listOf(node).map(textOf);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw fault(node, `names "${repeated}" twice`);
  return names;
}

function formatOf(node: Node): Format {
  const text = textOf(node);
  const format = FORMATS.find((known) => known === text);
  if (format === undefined) throw fault(node, `"${text}" is none of ${FORMATS.join(', ')}`);
  return format;
}

function delimiterOf(node: Node): string {
  const text = node.value === '\t' ? '\t' : textOf(node);
  const delimiter = text === 'tab' || text === '\\t' ? '\t' : text;
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) throw fault(node, 'must be one character, or tab');
  return delimiter;
}

function quoteOf(node: Node): string {
  const text = textOf(node);
  if (text === 'none') return '';
  if (text.length !== 1) throw fault(node, 'must be one character, or none');
  return text;
}

function encodingOf(node: Node): string {
  const text = textOf(node);
  try {
    return new TextDecoder(text).encoding;
  } catch {
    throw fault(node, `"${text}" is no encoding (such as utf-8, windows-1252, utf-16le)`);
  }
}
