import { needsRequestKey } from './command-fields';
import type { TextLine } from './line-reader';
import type { Converted } from './rows-to-commands';

/** NDJSON without a mapping: every line is a bulk line already, but for its command. */
export interface PassThroughPlan {
  readonly kind: 'pass-through';
  /** For lines that name none. */
  readonly command: string | undefined;
}

export function passThrough(
  { text, line }: TextLine,
  file: string,
  row: number,
  { command }: PassThroughPlan,
): Converted {
  const at = { file, line, row };
  const reject = (reason: string): Converted => ({ kind: 'reject', at, rows: 1, reason });
  const body = parseObject(text);
  if (typeof body === 'string') return reject(body);
  const own = body.get('command');
  if (own !== undefined && typeof own !== 'string') return reject('command is not a text');
  const name = own ?? command;
  if (name === undefined) return reject('names no command, and there is no --command');
  return {
    kind: 'line',
    // Its own text and not its values again: numbers stay as they were written.
    text: own === undefined ? withCommand(text, name, body.size === 0) : text.trim(),
    command: name,
    needsRequestKey: needsRequestKey(name, body.has('source')),
    at,
    rows: 1,
  };
}

function withCommand(text: string, command: string, isEmpty: boolean): string {
  const members = text.trim().slice(1);
  return `{"command":${JSON.stringify(command)}${isEmpty ? '' : ','}${members}`;
}

function parseObject(text: string): ReadonlyMap<string, unknown> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  const members: [string, unknown][] = Object.entries(value);
  return new Map(members);
}
