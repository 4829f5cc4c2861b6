import type { Instant, Refusal } from '#libs/core';
import type { LedgerCommand, Source } from '#libs/domain';
import type { Actor } from '#libs/trust';

/** A command and where it came from. */
export interface CommandInput {
  readonly command: LedgerCommand;
  readonly actor: Actor;
  /** The request's JSON as parsed, path parameters merged in: what the fingerprint is made of. */
  readonly body: unknown;
  /** The header, or in bulk `<header>#<line>`. A source in the body wins. */
  readonly idempotencyKey?: string;
  /** Revision that the customer's stream must have. */
  readonly ifMatch?: number;
  /** A touchpoint named by its source instead of its event id (bulk status reports). */
  readonly targetSource?: Source;
}

export interface Receipt {
  readonly eventId: string;
  readonly customerId: string;
  readonly revision: number;
  readonly position: number;
  readonly leafHash: string;
  readonly recordedAt: Instant;
}

export type Outcome =
  | {
      readonly outcome: 'accepted';
      /** True where this very command was accepted before: nothing was written, the first answer again. */
      readonly replayed: boolean;
      readonly receipt: Receipt;
      /** All events of the command in order, its own last. */
      readonly events: readonly Receipt[];
    }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

export function refused(code: string, detail: string, extra?: Refusal['extra']): Outcome {
  return { outcome: 'refused', refusal: extra === undefined ? { code, detail } : { code, detail, extra } };
}

/** Still racing after a bounded number of attempts; nothing was written, a retry is safe. */
export class ContentionError extends Error {
  override readonly name = 'ContentionError';
}

/** More commands are under way than are held in memory; a retry in a moment is safe. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
}
