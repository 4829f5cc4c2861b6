import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BulkAnswer, BulkSender } from './bulk-sender';
import { SendFailure } from './bulk-sender';
import { chunksOf } from './chunks';
import type { Chunk } from './chunks';
import { convertFiles } from './convert-files';
import type { ImportPlan } from './convert-files';
import { ImportError } from './import-error';
import type { InputFile } from './readers';
import type { RejectSink } from './rejects-file';
import type { BulkLine } from './rows-to-commands';

/** Attempts for one request, and how long to wait between them: together about a minute and a half. */
const MAX_ATTEMPTS = 10;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 20_000;

export interface ImportOptions {
  readonly files: readonly InputFile[];
  readonly plan: ImportPlan;
  /** Undefined for a dry run: everything is done but sending. */
  readonly sender: BulkSender | undefined;
  readonly rejects: RejectSink;
  readonly onProgress: (progress: ImportProgress) => void;
  /** Every line before it is sent; a dry run shows some of them. */
  readonly onLine?: (line: BulkLine) => void;
  /** Told before each wait for a server that is not there. */
  readonly onRetry?: (message: string, waitMs: number) => void;
  readonly wait?: (ms: number) => Promise<unknown>;
}

export interface ImportProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly rows: number;
}

export interface ImportCounts {
  rows: number;
  skippedRows: number;
  /** Lines that the ledger wrote, or in a dry run would have been sent. */
  accepted: number;
  duplicates: number;
  /** Rows or groups that were refused, here or by the ledger. */
  rejected: number;
}

/**
 * Reads, converts and sends, one request after another so that the commands of a customer keep their order; the next
 * request is made while one is on its way. Memory is bounded by two requests, plus the groups of groupBy.
 * @throws ImportError where it cannot go on: what was sent is written, and importing again writes nothing twice
 */
export async function runImport(options: ImportOptions): Promise<ImportCounts> {
  const counts: ImportCounts = { rows: 0, skippedRows: 0, accepted: 0, duplicates: 0, rejected: 0 };
  const progress = { bytes: 0, totalBytes: sum(options.files.map(({ sizeBytes }) => sizeBytes)), rows: 0 };
  const converted = convertFiles(options.files, options.plan, {
    onBytes: (bytes) => {
      progress.bytes += bytes;
    },
    onRows: (rows) => {
      progress.rows += rows;
      counts.rows += rows;
      options.onProgress(progress);
    },
    onSkip: (rows) => {
      counts.skippedRows += rows;
    },
    onReject: async (reject) => {
      counts.rejected += 1;
      await options.rejects.write(reject);
    },
  });
  let sending: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of chunksOf(converted)) {
      await sending;
      sending = deliver(chunk, options, counts);
      // Awaited here or below; until then a failure must not count as one that nobody handles.
      sending.catch(() => undefined);
    }
  } finally {
    // Also where reading failed: what is on its way is counted, and its rejects written.
    await sending;
  }
  options.onProgress(progress);
  return counts;
}

async function deliver(chunk: Chunk, options: ImportOptions, counts: ImportCounts): Promise<void> {
  if (options.onLine !== undefined) for (const line of chunk.lines) options.onLine(line);
  if (options.sender === undefined) {
    counts.accepted += chunk.lines.length;
    return;
  }
  const answer = await sendPatiently(chunk, options.sender, options);
  counts.accepted += answer.accepted;
  counts.duplicates += answer.duplicates;
  counts.rejected += answer.rejected;
  for (const { line, code, detail } of answer.errors) {
    const refused = chunk.lines[line - 1];
    if (refused === undefined) throw new ImportError(`the server speaks of line ${line}, which was not sent`);
    await options.rejects.write({ kind: 'reject', at: refused.at, rows: refused.rows, code, reason: detail });
  }
}

async function sendPatiently(chunk: Chunk, sender: BulkSender, options: ImportOptions): Promise<BulkAnswer> {
  const lines = chunk.lines.map(({ text }) => text);
  const idempotencyKey = chunk.needsRequestKey ? requestKey(lines, chunk.number) : undefined;
  const wait = options.wait ?? ((ms: number) => delay(ms));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sender.send(lines, { idempotencyKey });
    } catch (error) {
      if (!(error instanceof SendFailure)) throw error;
      if (!error.retryable) throw new ImportError(error.message);
      if (attempt >= MAX_ATTEMPTS) {
        throw new ImportError(
          `${error.message}; given up after ${attempt} attempts (import again: nothing is written twice)`,
        );
      }
      const waitMs = Math.min(MAX_WAIT_MS, error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1));
      options.onRetry?.(error.message, waitMs);
      await wait(waitMs);
    }
  }
}

/** The same lines in the same place of the same input have the same key, and no others do. */
function requestKey(lines: readonly string[], number: number): string {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line).update('\n');
  return `import-${hash.digest('hex')}-${number}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
