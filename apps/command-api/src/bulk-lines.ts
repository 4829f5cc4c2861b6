const NEWLINE = 0x0a;

/** One line of a bulk body, numbered from 1 with blank ones counted; `bytes` is missing where it was too long. */
export interface BulkLine {
  readonly number: number;
  readonly bytes?: Buffer;
}

/**
 * Splits a stream into lines without ever holding more than one of them: what is longer than `maxBytes` is read past.
 * Blank lines are counted and left out.
 */
export async function* bulkLines(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<BulkLine> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const take = (): BulkLine | undefined => {
    number++;
    const tooLong = length > maxBytes;
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts = [];
    length = 0;
    if (tooLong) return { number };
    return isBlank(bytes) ? undefined : { number, bytes };
  };
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      const line = take();
      if (line !== undefined) yield line;
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (length > 0) {
    const line = take();
    if (line !== undefined) yield line;
  }

  function add(part: Buffer): void {
    length += part.length;
    if (length <= maxBytes && part.length > 0) parts.push(part);
    else if (length > maxBytes) parts = [];
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

/** Several lines at a time, in order: as many as are allowed by number and by bytes, and at least one. */
export async function* inChunks(
  lines: AsyncIterable<BulkLine>,
  most: { readonly lines: number; readonly bytes: number },
): AsyncGenerator<BulkLine[]> {
  let chunk: BulkLine[] = [];
  let bytes = 0;
  for await (const line of lines) {
    chunk.push(line);
    bytes += line.bytes?.length ?? 0;
    if (chunk.length < most.lines && bytes < most.bytes) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}
