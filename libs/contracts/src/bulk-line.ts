import { isJsonObject } from '#libs/core';
import type { CommandName } from '#libs/domain';
import { checkWhole } from './check';
import { RegisterCustomer } from './customer';
import { ReceiveFeedback } from './feedback';
import { RecordPurchase, RefundPurchase } from './purchase';
import type { Constructor, Fault } from './rule';
import { AnswerSurvey } from './survey';
import { BulkTouchpointStatus, RecordTouchpoint } from './touchpoint';

interface Line<N extends CommandName, T> {
  readonly ok: true;
  readonly command: N;
  readonly message: T;
  /** The line without its `command`: what the message's origin keeps. */
  readonly body: unknown;
}
interface BadLine {
  readonly ok: false;
  readonly errors: readonly Fault[];
}

/** The commands that a line of bulk may carry. A refund names its order in the line, a status its touchpoint. */
const LINES = {
  touchpoint: line('touchpoint', RecordTouchpoint),
  purchase: line('purchase', RecordPurchase),
  refund: line('refund', RefundPurchase),
  'survey-answer': line('survey-answer', AnswerSurvey),
  feedback: line('feedback', ReceiveFeedback),
  customer: line('customer', RegisterCustomer),
  'touchpoint-status': line('touchpoint-status', BulkTouchpointStatus),
};

export type BulkCommandName = keyof typeof LINES;
export type CheckedLine = ReturnType<(typeof LINES)[BulkCommandName]>;

export const BULK_COMMANDS: readonly string[] = Object.keys(LINES);

const NAMES = BULK_COMMANDS.join(' ');

/** Checks a parsed line of `POST /v1/bulk`. The message still lacks its origin. */
export function checkLine(value: unknown): CheckedLine {
  if (!isJsonObject(value)) return bad('', 'must be a JSON object');
  const { command, ...body } = value;
  return isBulkCommand(command) ? LINES[command](body) : bad('/command', `must be one of ${NAMES}`);
}

function line<N extends CommandName, T extends object>(
  command: N,
  type: Constructor<T>,
): (body: unknown) => Line<N, T> | BadLine {
  return (body) => {
    const checked = checkWhole(type, body);
    return checked.ok ? { ok: true, command, message: checked.value, body } : checked;
  };
}

function bad(pointer: string, message: string): BadLine {
  return { ok: false, errors: [{ pointer, message }] };
}

function isBulkCommand(command: unknown): command is BulkCommandName {
  return typeof command === 'string' && Object.hasOwn(LINES, command);
}
