import { isJsonObject, parseInstant, pointerTo } from '#libs/core';
import type { Json, JsonObject } from '#libs/core';
import { textOf } from './api';
import { shorten } from './one-line';
import { UsageError } from './verb';

const REVISION = /^(0|[1-9]\d{0,15})$/;
const AXES = ['recorded', 'occurred'];
/** Events that a line names; `--json` has all that the answer has. */
const NAMED_EVENTS = 3;
/** Event ids behind a number: evidence, which a summary has no room for. */
const EVIDENCE = /^\/loyalty\/components\/[^/]+\/from$/;

interface AsOfOptions {
  readonly at?: string;
  readonly axis?: string;
  readonly model?: string;
}

/** The query of a `state`. */
export function stateQuery({ at, axis, model }: AsOfOptions): string {
  const query = new URLSearchParams({ at: timeOf(at ?? '') });
  if (axis !== undefined) {
    if (!AXES.includes(axis)) throw new UsageError(`the axis is one of ${AXES.join(', ')}`);
    if (axis === 'occurred' && REVISION.test(at ?? '')) {
      throw new UsageError('--axis occurred needs an instant: revisions are in the order of recording');
    }
    query.set('axis', axis);
  }
  if (model !== undefined) query.set('model', model);
  return query.toString();
}

/** The query of a `diff`, from `<from>..<to>`. */
export function diffQuery(range: string): string {
  const [from, to, ...more] = range.split('..');
  if (from === undefined || to === undefined || more.length > 0) {
    throw new UsageError('--diff needs <from>..<to>: two revisions, or two instants');
  }
  if (REVISION.test(from) !== REVISION.test(to)) {
    throw new UsageError('--diff goes from a revision to a revision, or from an instant to an instant');
  }
  return new URLSearchParams({ from: timeOf(from), to: timeOf(to) }).toString();
}

function timeOf(text: string): string {
  if (REVISION.test(text) || parseInstant(text) !== undefined) return text;
  throw new UsageError(`“${shorten(text)}” is neither a revision nor an instant (2026-01-31T00:00:00Z)`);
}

/** A state for people: one line a member, named by its JSON Pointer, as a diff names it. */
export function describeState({ customerId, at, revision, model, ...parts }: JsonObject): string {
  const head = `customer ${textOf(customerId)} at ${textOf(at)}, revision ${textOf(revision)}, model ${textOf(model ?? 'none')}\n`;
  const lines = [...membersOf('', parts)]
    .filter(([pointer]) => !EVIDENCE.test(pointer))
    .map(([pointer, value]) => [shorten(pointer), value] as const);
  const width = Math.max(0, ...lines.map(([pointer]) => pointer.length));
  return head + lines.map(([pointer, value]) => `  ${pointer.padEnd(width)}  ${shown(value)}\n`).join('');
}

/** A diff for people: one line a change, with the latest events that caused it. */
export function describeDiff({ from, to, changes }: JsonObject): string {
  const all = Array.isArray(changes) ? changes.filter((change) => isJsonObject(change)) : [];
  const count =
    all.length === 0 ? 'nothing changed' : `${all.length} ${all.length === 1 ? 'change' : 'changes'}`;
  const lines = all.map(({ pointer, was, now, because, becauseCount }) => {
    const events = Array.isArray(because) ? because : [];
    const named = events.slice(-NAMED_EVENTS).map(textOf).join(' ');
    const others = Number(becauseCount ?? events.length) - Math.min(events.length, NAMED_EVENTS);
    const why = named === '' ? '' : `  because ${named}${others > 0 ? ` and ${others} before` : ''}`;
    return `  ${shorten(textOf(pointer))}  ${shown(was)} → ${shown(now)}${why}\n`;
  });
  return `from ${textOf(from)} to ${textOf(to)}: ${count}\n${lines.join('')}`;
}

/** Every value that is none of an object's, in order, with its JSON Pointer (RFC 6901). */
function* membersOf(
  pointer: string,
  value: Json | undefined,
): Generator<readonly [string, Json | undefined]> {
  if (!isJsonObject(value)) {
    yield [pointer, value];
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    yield* membersOf(pointer + pointerTo(name), member);
  }
}

function shown(value: Json | undefined): string {
  return value === undefined ? '–' : shorten(textOf(value));
}
