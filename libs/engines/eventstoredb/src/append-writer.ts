import { NO_STREAM } from '@eventstore/db-client';
import type { AppendResult as ServerResult, BinaryEventData } from '@eventstore/db-client';
import { WrongExpectedVersionError } from '@eventstore/db-client';
import { EngineError, pause } from '#libs/core';
import type { AppendRequest } from '#libs/core';
import type { Links } from './connection';
import { safeInteger, toEvent } from './event-codec';
import type { EventReader } from './event-reader';
import { engineError, failureOf } from './failures';
import type { Timings } from './timings';
import { backoffMs, Gate, NoAnswer, within } from './waiting';

/** Appends under way on the connection for appends, of the 100 that a server takes. */
export const MAX_APPENDS_UNDER_WAY = 64;
const REPEAT_BACKOFF = { firstMs: 25, mostMs: 1_000 };
/** What the call's own deadline is given before our timer ends the wait. */
const DEADLINE_GRACE_MS = 250;

export type Written =
  | { readonly outcome: 'written'; readonly positions: readonly number[] }
  /** Not written, and never will be: the stream stands at `head`, −1 where it is not there. */
  | { readonly outcome: 'wrong-revision'; readonly head: number }
  /** Not written: what the caller holds was lost before the first attempt. */
  | { readonly outcome: 'lost-claim' };

/** What became of one attempt that was made. */
type Asked =
  | { readonly outcome: 'answered'; readonly answer: ServerResult }
  | { readonly outcome: 'failed'; readonly error: unknown };
type Attempt = Asked | { readonly outcome: 'lost-claim' };

/** The server refused; nothing was written and nothing will be. */
export class AppendRefused extends EngineError {}

/**
 * Appends at an exact revision. An attempt of unknown outcome is made again with the same ids and bytes: at an exact
 * revision the server knows them again, for ever.
 */
export class AppendWriter {
  readonly #gate = new Gate(MAX_APPENDS_UNDER_WAY);

  constructor(
    private readonly links: Links,
    private readonly reader: EventReader,
    private readonly timings: Timings,
  ) {}

  /**
   * `holds` is asked directly before each attempt: an append may stand in line for long. Throws AppendRefused where the
   * server will never take it, EngineError where the outcome is still unknown when time is up, or history was cut.
   */
  async write(request: AppendRequest, holds: () => Promise<boolean>): Promise<Written> {
    const events = request.records.map(toEvent);
    const untilMs = performance.now() + this.timings.settleMs;
    for (let number = 1; ; number++) {
      const attempt = await this.#gate.run(async (): Promise<Attempt> => {
        return (await holds()) ? this.#attempt(request, events) : { outcome: 'lost-claim' };
      });
      if (attempt.outcome === 'lost-claim') return number === 1 ? attempt : this.#settled(request);
      if (attempt.outcome === 'answered') refuseCut(request, attempt.answer);
      let failed: unknown;
      try {
        return await this.#written(request, attempt);
      } catch (error) {
        failed = error;
      }
      const failure = failureOf(failed);
      if (failed instanceof WrongExpectedVersionError) {
        const positions = number === 1 ? undefined : await this.#landed(request);
        return positions === undefined ? wrongRevision(failed) : { outcome: 'written', positions };
      }
      const waitMs = backoffMs(number, REPEAT_BACKOFF.firstMs, REPEAT_BACKOFF.mostMs);
      if (failure !== 'repeat' && number === 1)
        throw new AppendRefused(engineError('append', failed).message);
      if (failure !== 'repeat' || performance.now() + waitMs > untilMs) {
        throw engineError('append of unknown outcome', failed);
      }
      await pause(waitMs);
    }
  }

  async #attempt(request: AppendRequest, events: BinaryEventData[]): Promise<Attempt> {
    const { attemptMs } = this.timings;
    const { stream, expectedRevision } = request;
    const { client } = this.links.appends;
    try {
      const call = client.appendToStream(stream, events, {
        expectedRevision: expectedRevision < 0 ? NO_STREAM : BigInt(expectedRevision),
        requiresLeader: true,
        // The client's other way to append can hang for ever; this one has a deadline.
        credentials: this.links.credentials,
        deadline: attemptMs,
      });
      return { outcome: 'answered', answer: await within(attemptMs + DEADLINE_GRACE_MS, call) };
    } catch (error) {
      this.links.appends.failed(client, error);
      return { outcome: 'failed', error };
    }
  }

  /** Throws what an attempt failed with. */
  async #written(request: AppendRequest, attempt: Asked): Promise<Written> {
    if (attempt.outcome === 'failed') throw attempt.error;
    const { position } = attempt.answer;
    if (position !== undefined && request.records.length === 1) {
      return { outcome: 'written', positions: [safeInteger(position.commit)] };
    }
    // The server tells the last event's position only.
    const positions = await this.#landed(request);
    if (positions === undefined)
      throw new EngineError('EventStoreDB: what was acknowledged is not in the stream');
    return { outcome: 'written', positions };
  }

  /** After an attempt of unknown outcome that may not be made again. */
  async #settled(request: AppendRequest): Promise<Written> {
    const positions = await this.#landed(request);
    if (positions !== undefined) return { outcome: 'written', positions };
    throw engineError('append of unknown outcome', new NoAnswer());
  }

  /** The positions of the request's records, where the very same stand in the stream. */
  async #landed({
    stream,
    expectedRevision,
    records,
  }: AppendRequest): Promise<readonly number[] | undefined> {
    const found = await this.reader.stream(stream, expectedRevision + 1, records.length);
    const same = records.length === found.length && records.every(({ id }, i) => found[i]?.record.id === id);
    return same ? found.map(({ record }) => record.position) : undefined;
  }
}

/** The server lets a stream that was deleted begin anew, and goes on counting: what was chained to nothing stands behind what is gone. */
function refuseCut({ expectedRevision, records }: AppendRequest, answer: ServerResult): void {
  const due = expectedRevision + records.length;
  if (answer.nextExpectedRevision === BigInt(due)) return;
  throw new EngineError(
    `EventStoreDB: the history of a stream was cut: what was to end at revision ${due} stands at ${answer.nextExpectedRevision}`,
  );
}

function wrongRevision({ actualVersion }: WrongExpectedVersionError): Written {
  const head = typeof actualVersion === 'bigint' ? safeInteger(actualVersion) : -1;
  return { outcome: 'wrong-revision', head };
}
