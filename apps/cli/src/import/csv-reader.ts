import { parse } from 'csv-parse';
import { codeOf, messageOf } from '#libs/core';
import { ImportError } from './import-error';

/** One record; a quote swallows lines, so a record that grows beyond this has one that is not closed. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

/** A record's fields as they stand, with the line on which it begins. `open`: its last field's quote is not closed. */
export interface RawRecord {
  readonly fields: readonly string[];
  readonly line: number;
  readonly open?: { readonly fields: number };
}

interface CsvOptions {
  readonly file: string;
  readonly delimiter: string;
  /** '' for none. */
  readonly quote: string;
}

/** Records in batches, one for each chunk. Blank lines are no records. */
export async function* csvRecords(
  chunks: AsyncIterable<string>,
  { file, delimiter, quote }: CsvOptions,
): AsyncGenerator<readonly RawRecord[]> {
  let batch: RawRecord[] = [];
  let fault: Error | undefined;
  let line = 1;
  let blankLines = 0;
  const parser = parse({
    delimiter,
    quote: quote === '' ? null : quote,
    escape: quote === '' ? null : quote,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    // Not for its name: without it, one bad record ends the parser and drops the good ones it holds.
    skip_records_with_error: true,
    max_record_size: MAX_RECORD_BYTES,
    // Records are taken here, as each passing through the stream costs more than parsing it.
    on_record: (fields: string[], { empty_lines }) => {
      line += empty_lines - blankLines;
      blankLines = empty_lines;
      batch.push({ fields, line });
      line += 1 + newlinesIn(fields);
      return null;
    },
  });
  parser.on('skip', (error: unknown) => {
    if (codeOf(error) === 'CSV_QUOTE_NOT_CLOSED') {
      batch.push({ fields: [], line, open: { fields: 1 + columnOf(error) } });
    } else {
      fault ??= new ImportError(`${file}: line ${line}: ${messageOf(error)}`);
    }
  });
  parser.on('error', (error) => {
    fault ??= error;
  });
  parser.resume();
  const take = (): readonly RawRecord[] => {
    if (fault !== undefined) throw fault;
    const taken = batch;
    batch = [];
    return taken;
  };
  try {
    for await (const chunk of chunks) {
      await new Promise<void>((resolve) => parser.write(chunk, () => resolve()));
      yield take();
    }
    await new Promise<void>((resolve) => parser.on('close', resolve).end());
    yield take();
  } finally {
    parser.destroy();
  }
}

/** Only a quoted field holds a line break; csv-parse itself counts a CRLF in one twice. */
function newlinesIn(fields: readonly string[]): number {
  let count = 0;
  for (const field of fields) {
    for (let at = field.indexOf('\n'); at >= 0; at = field.indexOf('\n', at + 1)) count += 1;
  }
  return count;
}

/** The number of whole fields before the one that is open. */
function columnOf(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 0;
  const column: unknown = Reflect.get(error, 'column');
  return typeof column === 'number' ? column : 0;
}
