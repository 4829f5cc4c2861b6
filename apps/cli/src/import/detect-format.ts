import type { Format, InputSettings } from './input-settings';

const FORMAT_OF_EXTENSION: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
};
const DELIMITERS = [',', ';', '\t', '|'] as const;

export interface Layout {
  readonly format: Format;
  readonly delimiter: string;
}

/** What the mapping says, else the file's name, else the first line that is not blank. */
export function detectLayout(path: string, sample: string, settings: InputSettings): Layout {
  const [firstLine = ''] = sample.split(/\r?\n|\r/).filter((line) => line.trim() !== '');
  const bare = firstLine.replace(/"[^"]*"/g, '');
  const format = settings.format ?? FORMAT_OF_EXTENSION[extensionOf(path)] ?? formatOf(bare, settings);
  if (format === 'tsv') return { format, delimiter: settings.delimiter ?? '\t' };
  return { format, delimiter: settings.delimiter ?? DELIMITERS.find((one) => bare.includes(one)) ?? ',' };
}

function formatOf(firstLine: string, settings: InputSettings): Format {
  if (settings.delimiter !== undefined) return 'csv';
  if (firstLine.trimStart().startsWith('{')) return 'ndjson';
  if (firstLine.includes('\t')) return 'tsv';
  return /[,;|]/.test(firstLine) ? 'csv' : 'whitespace';
}

function extensionOf(path: string): string {
  const name = path.toLowerCase().replace(/\.gz$/, '');
  return name.slice(name.lastIndexOf('.') + 1);
}
