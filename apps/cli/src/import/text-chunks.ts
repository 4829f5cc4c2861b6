import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codeOf, messageOf } from '#libs/core';
import { ImportError } from './import-error';

/** Bytes of one read: large enough to be fast, small enough that a few of them are nothing. */
const READ_BYTES = 256 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b] as const;

export type OnBytes = (bytes: number) => void;

interface TextSource {
  readonly path: string;
  readonly encoding: string;
  /** Called with the bytes read from disk, compressed ones where the file is. */
  readonly onBytes?: OnBytes | undefined;
}

/** A file's text without its byte order mark, unpacked where it begins like gzip. Faults are one line. */
export async function* textChunks(source: TextSource): AsyncGenerator<string> {
  const { path, encoding } = source;
  // Replacing what is no UTF-8 would put a wrong text into a ledger that never forgets: fatal.
  const decoder = new TextDecoder(encoding, { fatal: true });
  let textBytes = 0;
  try {
    for await (const chunk of unpacked(source)) {
      const text = decoder.decode(chunk, { stream: true });
      textBytes += chunk.length;
      if (text !== '') yield text;
    }
    const rest = decoder.decode();
    if (rest !== '') yield rest;
  } catch (error) {
    if (error instanceof ImportError) throw error;
    if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      const hint = 'set input.encoding, for example to windows-1252';
      throw new ImportError(`${path}: not ${encoding} somewhere after byte ${textBytes} (${hint})`);
    }
    throw new ImportError(`${path}: ${messageOf(error)}`);
  }
}

async function* unpacked(source: TextSource): AsyncGenerator<Buffer> {
  if (!(await beginsLikeGzip(source.path))) {
    yield* packed(source);
    return;
  }
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  // The iteration over gunzip reports an error; pipeline hands it on and closes the file.
  pipeline(packed(source), gunzip, () => undefined);
  for await (const chunk of gunzip) if (Buffer.isBuffer(chunk)) yield chunk;
}

async function* packed({ path, onBytes }: TextSource): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    if (!Buffer.isBuffer(chunk)) continue;
    onBytes?.(chunk.length);
    yield chunk;
  }
}

async function beginsLikeGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(GZIP_MAGIC.length), 0, GZIP_MAGIC.length, 0);
    return bytesRead === GZIP_MAGIC.length && GZIP_MAGIC.every((byte, index) => buffer[index] === byte);
  } finally {
    await file.close();
  }
}
