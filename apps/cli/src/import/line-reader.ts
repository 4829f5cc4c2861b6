import { ImportError } from './import-error';

/** Characters of one line. A bulk line may have 384 KiB; what is longer than this has no line breaks. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;

export interface TextLine {
  readonly text: string;
  readonly line: number;
}

/** Lines in batches, without their breaks (LF or CRLF) and without blank ones. */
export async function* textLines(
  chunks: AsyncIterable<string>,
  file: string,
): AsyncGenerator<readonly TextLine[]> {
  let rest = '';
  let line = 0;
  const keep = (text: string, batch: TextLine[]): void => {
    line += 1;
    const bare = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (bare.trim() !== '') batch.push({ text: bare, line });
  };
  for await (const chunk of chunks) {
    const pieces = (rest + chunk).split('\n');
    rest = pieces.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new ImportError(
        `${file}: line ${line + pieces.length + 1} is longer than ${MAX_LINE_CHARACTERS} characters`,
      );
    }
    const batch: TextLine[] = [];
    for (const piece of pieces) keep(piece, batch);
    yield batch;
  }
  const batch: TextLine[] = [];
  if (rest !== '') keep(rest, batch);
  yield batch;
}
