import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Loose } from '../e2e/client';

/** What a client was told about one command; `receipt` is missing where bulk only counts. */
export interface Acked {
  readonly receipt?: Loose;
  readonly text?: string;
}

/** The client's own memory, outside the process under test and in a file: intents before, acknowledgements after. */
export class Oracle {
  readonly intents = new Map<string, Loose>();
  readonly acked = new Map<string, Acked>();
  readonly #file: number;

  constructor(home: string) {
    this.#file = openSync(join(home, 'oracle.ndjson'), 'a');
  }

  /** Each body carries the source `{system, id}` that it is known by. */
  intend(bodies: readonly Loose[]): void {
    for (const body of bodies) this.intents.set(body.source.id, body);
    writeSync(this.#file, bodies.map((body) => `${JSON.stringify({ intent: body.source.id })}\n`).join(''));
    fsyncSync(this.#file);
  }

  ack(bodies: readonly Loose[], acked: Acked = {}): void {
    for (const body of bodies) this.acked.set(body.source.id, acked);
    writeSync(this.#file, bodies.map((body) => `${JSON.stringify({ acked: body.source.id })}\n`).join(''));
  }

  close(): void {
    closeSync(this.#file);
  }
}
