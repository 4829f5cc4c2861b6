import {
  close,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';

/** Length and CRC-32 of the payload, little endian. */
const HEAD_BYTES = 8;
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

const flushToDisk = promisify(fdatasync);
const closeFile = promisify(close);

/** Frames one after another. What was appended before a flush that resolved is there after a SIGKILL or a power cut. */
export class LogFile {
  #closed = false;
  #flushing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  private constructor(
    private readonly fd: number,
    private size: number,
  ) {}

  /** Opens or makes the file and reads it; a torn tail, which nobody was told of, is cut off. */
  static open(path: string, onFrame: (payload: Buffer) => void): LogFile {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const end = readFrames(fd, onFrame);
    if (end < fstatSync(fd).size) ftruncateSync(fd, end);
    fsyncSync(fd);
    return new LogFile(fd, end);
  }

  append(payload: Buffer): void {
    // The number of a closed file may be another file's by now.
    if (this.#closed) throw new Error('the log is closed');
    const frame = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
    frame.writeUInt32LE(payload.length, 0);
    frame.writeUInt32LE(crc32(payload), 4);
    payload.copy(frame, HEAD_BYTES);
    writeSync(this.fd, frame, 0, frame.length, this.size);
    this.size += frame.length;
  }

  /** Resolves when everything appended so far is on the disk: many wait for one flush. */
  flushed(): Promise<void> {
    if (this.#flushing === undefined) return this.#flush();
    // The flush under way may have begun before the latest frame was written.
    this.#next ??= this.#flushing.then(() => {
      this.#next = undefined;
      return this.#flush();
    });
    return this.#next;
  }

  #flush(): Promise<void> {
    this.#flushing = flushToDisk(this.fd).finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  clear(): void {
    ftruncateSync(this.fd, 0);
    fsyncSync(this.fd);
    this.size = 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await closeFile(this.fd);
  }
}

function readFrames(fd: number, onFrame: (payload: Buffer) => void): number {
  const head = Buffer.alloc(HEAD_BYTES);
  let at = 0;
  for (;;) {
    if (readSync(fd, head, 0, HEAD_BYTES, at) < HEAD_BYTES) return at;
    const length = head.readUInt32LE(0);
    if (length > MAX_FRAME_BYTES) return at;
    const payload = Buffer.alloc(length);
    if (readSync(fd, payload, 0, length, at + HEAD_BYTES) < length) return at;
    if (crc32(payload) !== head.readUInt32LE(4)) return at;
    onFrame(payload);
    at += HEAD_BYTES + length;
  }
}
