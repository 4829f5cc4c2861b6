import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { Faults } from './faults';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

/** What goes out on a call, at the pace at which the client takes it. */
export class Outgoing {
  #stopped = false;
  #unblock: (() => void) | undefined;

  constructor(
    private readonly call: ReadCall,
    private readonly faults: Faults,
  ) {
    for (const end of ['cancelled', 'close', 'error']) call.on(end, () => this.stop());
    call.on('drain', () => this.#unblock?.());
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Whether the client has not taken what was sent. */
  get blocked(): boolean {
    return this.#unblock !== undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#unblock?.();
  }

  /** Resolves when there is room for more, or the call has ended. */
  async send(message: ReadResp): Promise<void> {
    if (this.faults.switches.frozen) await this.faults.thawed();
    if (this.#stopped || this.call.write(message)) return;
    await new Promise<void>((resolve) => (this.#unblock = resolve));
    this.#unblock = undefined;
  }
}
