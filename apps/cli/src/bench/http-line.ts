import { connect } from 'node:net';
import type { Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const STATUS_AT = 9;
const STATUS_END = 12;

/** A request as it goes onto the wire. */
export function requestBytes(
  method: 'GET' | 'POST',
  path: string,
  { key, body }: { readonly key: string; readonly body?: string },
): Buffer {
  const head = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', `authorization: Bearer ${key}`];
  if (body !== undefined) {
    head.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`);
  }
  return Buffer.from(`${head.join('\r\n')}${HEAD_END}${body ?? ''}`);
}

export interface Answer {
  readonly status: number;
  /** Headers and body, as long as the next request has not been sent. */
  readonly bytes: Buffer;
  /** Where the body begins. */
  readonly bodyAt: number;
}

type Done = (answer: Answer) => void;

/**
 * One kept-alive connection with one request under way at a time. The machine's few cores are shared with the server
 * that is measured, so this does as little as it can: bytes made beforehand go out, and of an answer only the status
 * and the length are read.
 */
export class HttpLine {
  #done: Done | undefined;
  #parts: Buffer[] = [];
  #length = 0;
  /** Of head and body together, once the head is there. */
  #expected = 0;
  #bodyAt = 0;

  private constructor(
    private readonly socket: Socket,
    onFault: (error: Error) => void,
  ) {
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', onFault);
    socket.on('close', () => {
      if (this.#done !== undefined)
        onFault(new Error('the server closed a connection in the middle of a request'));
    });
  }

  static open(port: number, onFault: (error: Error) => void): Promise<HttpLine> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new HttpLine(socket, onFault));
      });
    });
  }

  static openMany(count: number, port: number, onFault: (error: Error) => void): Promise<HttpLine[]> {
    return Promise.all(Array.from({ length: count }, () => HttpLine.open(port, onFault)));
  }

  get free(): boolean {
    return this.#done === undefined;
  }

  send(request: Buffer, done: Done): void {
    if (this.#done !== undefined) throw new Error('a request is under way on this connection');
    this.#done = done;
    this.socket.write(request);
  }

  ask(request: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      this.send(request, resolve);
    });
  }

  close(): void {
    this.#done = undefined;
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    if (this.#expected === 0 && !this.#readHead()) return;
    if (this.#length < this.#expected) return;
    const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    const answer = {
      status: Number(bytes.toString('latin1', STATUS_AT, STATUS_END)),
      bytes,
      bodyAt: this.#bodyAt,
    };
    const done = this.#done;
    this.#done = undefined;
    this.#parts = [];
    this.#length = 0;
    this.#expected = 0;
    done?.(answer);
  }

  #readHead(): boolean {
    const bytes = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts);
    const end = bytes.indexOf(HEAD_END, 0, 'latin1');
    if (end === -1) return false;
    const length = LENGTH.exec(bytes.toString('latin1', 0, end))?.[1];
    if (length === undefined) throw new Error('an answer came without its length');
    this.#bodyAt = end + HEAD_END.length;
    this.#expected = this.#bodyAt + Number(length);
    return true;
  }
}

/** The body of an answer as JSON; throws where it was refused. */
export function jsonOf({ status, bytes, bodyAt }: Answer): unknown {
  const text = bytes.toString('utf8', bodyAt);
  if (status >= 300) throw new Error(`the server answered ${status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}
