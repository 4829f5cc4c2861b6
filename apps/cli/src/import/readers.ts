import { stat } from 'node:fs/promises';
import { csvRecords } from './csv-reader';
import type { RawRecord } from './csv-reader';
import { detectLayout } from './detect-format';
import type { Layout } from './detect-format';
import type { InputSettings } from './input-settings';
import { flattenJson } from './json-row';
import { textLines } from './line-reader';
import type { TextLine } from './line-reader';
import { ImportError } from './import-error';
import { JsonRow, TableRow } from './row';
import type { ReadRow } from './row';
import { textChunks } from './text-chunks';
import type { OnBytes } from './text-chunks';

/** Characters that the format and the delimiter are found out from. */
const SAMPLE_CHARACTERS = 64 * 1024;

/** A file whose layout is known and whose rows can be read, any number of times. */
export interface InputFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly layout: Layout;
  /** Undefined for NDJSON, whose rows each have their own. */
  readonly columns: readonly string[] | undefined;
  rows(onBytes?: OnBytes): AsyncGenerator<readonly ReadRow[]>;
  /** NDJSON as it stands. */
  lines(onBytes?: OnBytes): AsyncGenerator<readonly TextLine[]>;
}

/** Reads the beginning of a file: its format, and the names of its columns. */
export async function openInput(path: string, settings: InputSettings): Promise<InputFile> {
  const sizeBytes = await sizeOf(path);
  const { encoding } = settings;
  const layout = detectLayout(path, await sampleOf(path, encoding), settings);
  const text = (onBytes?: OnBytes): AsyncGenerator<string> => textChunks({ path, encoding, onBytes });
  const lines = (onBytes?: OnBytes): AsyncGenerator<readonly TextLine[]> => textLines(text(onBytes), path);
  if (layout.format === 'ndjson') {
    return {
      path,
      sizeBytes,
      layout,
      columns: undefined,
      lines,
      rows: (onBytes) => jsonRows(lines(onBytes), path, settings),
    };
  }
  const records = (onBytes?: OnBytes): AsyncGenerator<readonly RawRecord[]> =>
    layout.format === 'whitespace'
      ? whitespaceRecords(lines(onBytes))
      : csvRecords(text(onBytes), { file: path, delimiter: layout.delimiter, quote: settings.quote });
  const columns = settings.columns ?? (await headerOf(records(), path));
  return {
    path,
    sizeBytes,
    layout,
    columns,
    lines,
    rows: (onBytes) => tableRows(records(onBytes), { path, columns, settings }),
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    const { size } = await stat(path);
    return size;
  } catch {
    throw new ImportError(`${path}: no such file, or it may not be read`);
  }
}

async function sampleOf(path: string, encoding: string): Promise<string> {
  let sample = '';
  for await (const chunk of textChunks({ path, encoding })) {
    sample += chunk;
    if (sample.length >= SAMPLE_CHARACTERS) break;
  }
  return sample.slice(0, SAMPLE_CHARACTERS);
}

async function headerOf(
  records: AsyncGenerator<readonly RawRecord[]>,
  path: string,
): Promise<readonly string[]> {
  for await (const [first] of records) {
    if (first !== undefined) return first.fields.map((name) => name.trim());
  }
  throw new ImportError(`${path}: is empty, a header row was expected`);
}

async function* whitespaceRecords(
  batches: AsyncGenerator<readonly TextLine[]>,
): AsyncGenerator<readonly RawRecord[]> {
  for await (const batch of batches) {
    yield batch.map(({ text, line }) => ({ line, fields: text.trim().split(/\s+/) }));
  }
}

interface TableOptions {
  readonly path: string;
  readonly columns: readonly string[];
  readonly settings: InputSettings;
}

async function* tableRows(
  batches: AsyncGenerator<readonly RawRecord[]>,
  { path, columns, settings }: TableOptions,
): AsyncGenerator<readonly ReadRow[]> {
  const indexOf = new Map(columns.map((name, index) => [name, index]));
  let isHeader = settings.header;
  let row = 0;
  for await (const batch of batches) {
    const rows: ReadRow[] = [];
    for (const { fields, line, open } of batch) {
      if (isHeader) {
        isHeader = false;
        continue;
      }
      // Spreadsheets end with rows of nothing but commas.
      if (open === undefined && fields.every((field) => field.trim() === '')) continue;
      row += 1;
      const place = { file: path, line, row };
      const reason = open && 'cut off, a quote is not closed before the file ends: ';
      const count = open?.fields ?? fields.length;
      if (reason !== undefined || count !== columns.length) {
        rows.push({ place, reason: `${reason ?? ''}${count} of ${columns.length} fields` });
      } else {
        rows.push(new TableRow(place, fields, indexOf, settings));
      }
    }
    yield rows;
  }
}

async function* jsonRows(
  batches: AsyncGenerator<readonly TextLine[]>,
  path: string,
  settings: InputSettings,
): AsyncGenerator<readonly ReadRow[]> {
  let row = 0;
  for await (const batch of batches) {
    const rows: ReadRow[] = [];
    for (const { text, line } of batch) {
      row += 1;
      const place = { file: path, line, row };
      const values = flattenJson(text);
      rows.push(
        typeof values === 'string' ? { place, reason: values } : new JsonRow(place, values, settings),
      );
    }
    yield rows;
  }
}
