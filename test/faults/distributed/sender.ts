import { Client } from '../../e2e/client';
import type { Answer, Loose } from '../../e2e/client';
import { ADMIN_KEY } from '../../e2e/server';
import { keyHeaders } from '../oracle';

const TRY_AGAIN_MS = 50;
const REQUEST_TIMEOUT_MS = 20_000;
/** A command that is not answered for so long is stuck. */
const ANSWER_DEADLINE_MS = 120_000;
/** What a client is told that should come again. */
const PASSING: ReadonlySet<string> = new Set(['broken', 'unavailable', 'contention', 'overloaded']);
const MAX_SHOWN = 20;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Sending {
  readonly path: string;
  /** An array is a bulk of touchpoints. */
  readonly body: Loose;
  /** Where it is not the one that goes with the body. */
  readonly key?: string;
  /** Statuses that end it; 201 where nothing is said. Of a bulk: 200, and no line refused. */
  readonly final?: readonly number[];
}

/** Sends each command until it is answered, as a client does that was told to repeat it. */
export class Sender {
  /** How often each answer that was not final was given, by code; `broken` where the connection was. */
  readonly answers = new Map<string, number>();
  /** The first of the answers that no fault excuses. */
  readonly unexpected: string[] = [];

  constructor(
    /** Of the command-apis, as they are now. */
    private readonly urls: () => readonly string[],
    private readonly random: () => number,
  ) {}

  /** First by this command-api, then by any of them. */
  send(via: number, sending: Sending): Promise<Answer> {
    return this.#untilAnswered((tried) => (tried === 0 ? via : this.any()), sending);
  }

  /** By this command-api and no other. */
  sendOnly(via: number, sending: Sending): Promise<Answer> {
    return this.#untilAnswered(() => via, sending);
  }

  any(): number {
    return Math.floor(this.random() * this.urls().length);
  }

  async #untilAnswered(via: (tried: number) => number, sending: Sending): Promise<Answer> {
    const deadline = Date.now() + ANSWER_DEADLINE_MS;
    for (let tried = 0; Date.now() < deadline; tried++) {
      const url = this.urls()[via(tried)] ?? '';
      const answer = await ask(url, sending).catch(() => undefined);
      if (answer !== undefined && isFinal(answer, sending)) return answer;
      this.#note(answer);
      await pause(TRY_AGAIN_MS * (0.5 + this.random()));
    }
    const told = JSON.stringify(Object.fromEntries(this.answers));
    throw new Error(`not answered within ${ANSWER_DEADLINE_MS} ms: ${sending.path}; answers so far: ${told}`);
  }

  #note(answer: Answer | undefined): void {
    for (const code of answer === undefined ? ['broken'] : codesOf(answer)) {
      this.answers.set(code, (this.answers.get(code) ?? 0) + 1);
      if (PASSING.has(code) || this.unexpected.length === MAX_SHOWN) continue;
      this.unexpected.push(answer?.text ?? code);
    }
  }
}

function ask(url: string, { path, body, key }: Sending): Promise<Answer> {
  const api = new Client(url, ADMIN_KEY);
  const timeoutMs = REQUEST_TIMEOUT_MS;
  if (!Array.isArray(body)) {
    const headers = key === undefined ? keyHeaders(body) : { 'idempotency-key': key };
    return api.ask('POST', path, { body, headers, timeoutMs });
  }
  const raw = body.map((line: Loose) => `${JSON.stringify({ command: 'touchpoint', ...line })}\n`).join('');
  return api.ask('POST', path, { raw, headers: { 'content-type': 'application/x-ndjson' }, timeoutMs });
}

function isFinal({ status, body }: Answer, sending: Sending): boolean {
  if (Array.isArray(sending.body)) return status === 200 && body.rejected === 0;
  return (sending.final ?? [201]).includes(status);
}

function codesOf({ status, body }: Answer): readonly string[] {
  if (status === 200) return body.errors.map(({ code }: Loose) => code);
  return [body?.code ?? String(status)];
}
