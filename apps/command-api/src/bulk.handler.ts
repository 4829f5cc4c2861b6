import { CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { checkLine } from '#libs/contracts';
import type { CheckedLine } from '#libs/contracts';
import type { LedgerCommand } from '#libs/domain';
import { MAX_BODY_BYTES, parseJson, ProblemError } from '#libs/nest';
import { Ledger } from '#libs/runtime';
import type { CommandInput, Outcome } from '#libs/runtime';
import type { BulkLine } from './bulk-lines';
import { problemOf } from './dispatch';

/** Up to a thousand lines of a bulk body. */
export class RunBulk {
  constructor(
    readonly lines: readonly BulkLine[],
    readonly actor: CommandInput['actor'],
    /** The request's key; a line without source uses `<key>#<line>`. */
    readonly idempotencyKey: string | undefined,
  ) {}
}

export type LineResult =
  | { readonly line: number; readonly result: 'accepted' | 'duplicate' }
  | { readonly line: number; readonly result: 'rejected'; readonly code: string; readonly detail: string };

/**
 * Hands lines to the ledger in order and resolves when all of them stand in their customers' queues; the results come
 * when they are durable.
 */
@CommandHandler(RunBulk)
export class BulkHandler implements ICommandHandler<RunBulk, readonly Promise<LineResult>[]> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ lines, actor, idempotencyKey }: RunBulk): Promise<readonly Promise<LineResult>[]> {
    const inputs: CommandInput[] = [];
    const numbers: number[] = [];
    const results: Promise<LineResult>[] = [];
    for (const line of lines) {
      const checked = checkBulkLine(line);
      if ('rejected' in checked) {
        results.push(Promise.resolve(checked.rejected));
        continue;
      }
      const key = idempotencyKey === undefined ? {} : { idempotencyKey: `${idempotencyKey}#${line.number}` };
      inputs.push({ ...commandOf(checked), actor, body: checked.body, ...key });
      numbers.push(line.number);
    }
    const outcomes = await this.ledger.executeMany(inputs);
    for (const [i, outcome] of outcomes.entries()) results.push(heeded(resultOf(numbers[i] ?? 0, outcome)));
    return results;
  }
}

/** A result is looked at when its chunk's turn comes; one that fails before must not end the process as unheeded. */
function heeded<Result>(result: Promise<Result>): Promise<Result> {
  result.catch(() => undefined);
  return result;
}

type GoodLine = Extract<CheckedLine, { readonly ok: true }>;

function checkBulkLine({ number, bytes }: BulkLine): GoodLine | { readonly rejected: LineResult } {
  const reject = (code: string, detail: string): { rejected: LineResult } => {
    return { rejected: { line: number, result: 'rejected', code, detail } };
  };
  if (bytes === undefined) return reject('too-large', `A line may have ${MAX_BODY_BYTES} bytes.`);
  try {
    const checked = checkLine(parseJson(bytes));
    if (checked.ok) return checked;
    const [first] = checked.errors;
    return reject(
      'invalid-body',
      first === undefined ? 'The line does not fit.' : `${first.pointer} ${first.message}`,
    );
  } catch (error) {
    if (error instanceof ProblemError) return reject(error.code, error.detail);
    throw error;
  }
}

function commandOf(line: GoodLine): Pick<CommandInput, 'command' | 'targetSource'> {
  if (line.command !== 'touchpoint-status') {
    // Each word of a line stands with its own contract: see contracts/bulk-line.
    const command: LedgerCommand =
      line.command === 'customer' ? { name: 'customer', body: line.message } : eventOf(line);
    return { command };
  }
  const { touchpoint, ...fields } = line.message;
  const named = 'id' in touchpoint ? { eventId: touchpoint.id } : { eventId: '' };
  const command: LedgerCommand = { name: 'touchpoint-status', body: { ...fields, ...named } };
  return 'id' in touchpoint ? { command } : { command, targetSource: touchpoint.source };
}

function eventOf(line: Exclude<GoodLine, { command: 'customer' | 'touchpoint-status' }>): LedgerCommand {
  switch (line.command) {
    case 'touchpoint':
      return { name: 'touchpoint', body: line.message };
    case 'purchase':
      return { name: 'purchase', body: line.message };
    case 'refund':
      return { name: 'refund', body: line.message };
    case 'survey-answer':
      return { name: 'survey-answer', body: line.message };
    case 'feedback':
      return { name: 'feedback', body: line.message };
  }
}

async function resultOf(line: number, outcome: Promise<Outcome>): Promise<LineResult> {
  try {
    const settled = await outcome;
    if (settled.outcome === 'accepted') return { line, result: settled.replayed ? 'duplicate' : 'accepted' };
    const { code, detail } = settled.refusal;
    return { line, result: 'rejected', code, detail };
  } catch (error) {
    const problem = problemOf(error);
    // A disk that fails ends the whole request: the client must not take the rest for done.
    if (!(problem instanceof ProblemError) || problem.code !== 'contention') throw problem;
    return { line, result: 'rejected', code: problem.code, detail: problem.detail };
  }
}
