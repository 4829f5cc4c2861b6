import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Loose } from '../e2e/client';

/** What a client was told about one command; `receipt` is missing where bulk only counts. */
export interface Acked {
  readonly receipt?: Loose;
  readonly text?: string;
}

/** What a command is known by: the id of its source, or its content, which then is its idempotency key too. */
export function idOf(body: Loose): string {
  return body.source?.id ?? body.content;
}

export function keyHeaders(body: Loose): Record<string, string> {
  return body.source === undefined ? { 'idempotency-key': body.content } : {};
}

/** The client's own memory, outside the process under test and in a file: intents before, acknowledgements after. */
export class Oracle {
  readonly intents = new Map<string, Loose>();
  readonly acked = new Map<string, Acked>();
  readonly #file: number;

  constructor(home: string) {
    this.#file = openSync(join(home, 'oracle.ndjson'), 'a');
  }

  /** No two bodies have the same id, but for a body that is sent again. */
  intend(bodies: readonly Loose[]): void {
    for (const body of bodies) this.intents.set(idOf(body), body);
    writeSync(this.#file, bodies.map((body) => `${JSON.stringify({ intent: idOf(body) })}\n`).join(''));
    fsyncSync(this.#file);
  }

  ack(bodies: readonly Loose[], acked: Acked = {}): void {
    for (const body of bodies) this.acked.set(idOf(body), acked);
    writeSync(this.#file, bodies.map((body) => `${JSON.stringify({ acked: idOf(body) })}\n`).join(''));
  }

  close(): void {
    closeSync(this.#file);
  }
}
