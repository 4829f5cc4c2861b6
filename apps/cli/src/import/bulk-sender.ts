/** What the ledger said to one bulk request. */
export interface BulkAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Every rejected line, by its number in the request from 1. */
  readonly errors: readonly BulkLineError[];
}

export interface BulkLineError {
  readonly line: number;
  readonly code: string;
  readonly detail: string;
}

export interface BulkSender {
  /**
   * Sends NDJSON lines in one request. `idempotencyKey`: for lines without a source of their own.
   * @throws SendFailure
   */
  send(
    lines: AsyncIterable<string> | readonly string[],
    options: { readonly idempotencyKey: string | undefined },
  ): Promise<BulkAnswer>;
}

/** A whole request failed. Some of its lines may have been written: sending it again writes none twice. */
export class SendFailure extends Error {
  override readonly name = 'SendFailure';
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { retryable: boolean; retryAfterMs?: number | undefined }) {
    super(message);
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}
