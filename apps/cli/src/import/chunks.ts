import type { BulkLine } from './rows-to-commands';

/** Lines of one request: many enough to amortise it, few enough that sending it again costs little. */
export const MAX_CHUNK_LINES = 5_000;
/** Characters of one request; a line may have 384 KiB. */
const MAX_CHUNK_CHARACTERS = 8 * 1024 * 1024;

export interface Chunk {
  readonly lines: readonly BulkLine[];
  /** Counts the requests of one file, or all of them with groupBy, from 1. */
  readonly number: number;
  readonly needsRequestKey: boolean;
}

/** The end of a file: requests never hold lines of two, so that importing one of them again makes the same requests. */
export const END_OF_FILE = Symbol('end of file');

/**
 * Cuts lines into requests, always in the same places. Lines that need the request's key travel apart from lines that do
 * not: a purchase is known by its order only where there is no key.
 */
export async function* chunksOf(
  items: AsyncIterable<readonly (BulkLine | typeof END_OF_FILE)[]>,
): AsyncGenerator<Chunk> {
  let lines: BulkLine[] = [];
  let characters = 0;
  let number = 1;
  const take = (): Chunk => {
    const chunk = { lines, number, needsRequestKey: lines[0]?.needsRequestKey ?? false };
    lines = [];
    characters = 0;
    number += 1;
    return chunk;
  };
  for await (const batch of items) {
    for (const item of batch) {
      if (item === END_OF_FILE) {
        if (lines.length > 0) yield take();
        number = 1;
        continue;
      }
      const size = item.text.length + 1;
      const isFull = lines.length >= MAX_CHUNK_LINES || characters + size > MAX_CHUNK_CHARACTERS;
      const isOther = lines[0] !== undefined && lines[0].needsRequestKey !== item.needsRequestKey;
      if (lines.length > 0 && (isFull || isOther)) yield take();
      lines.push(item);
      characters += size;
    }
  }
  if (lines.length > 0) yield take();
}
