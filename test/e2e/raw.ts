import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { eventually } from './wait';

/** A socket on which anything may be said. */
export class Raw {
  received = '';
  closed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    socket.on('close', () => (this.closed = true));
    socket.on('error', () => (this.closed = true));
  }

  static open(url: string): Promise<Raw> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) }, () => resolve(new Raw(socket)));
      socket.once('error', reject);
    });
  }

  /** Says it and resolves to the status of the answer, or 0 where the server hangs up. */
  static async say(url: string, ...parts: readonly (string | Uint8Array)[]): Promise<number> {
    const raw = await Raw.open(url);
    for (const part of parts) raw.socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
    await raw.answered();
    raw.socket.destroy();
    return raw.status;
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.received)?.[1] ?? 0);
  }

  async answered(deadlineMs?: number): Promise<void> {
    const done = (): true | undefined => (this.status > 0 || this.closed ? true : undefined);
    await eventually('an answer', done, deadlineMs);
  }
}
