import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { failures } from './failures';
import type { StoredEvent } from './records';

/** The server's page, which is its window where the client names none. */
const DEFAULT_WINDOW_EVENTS = 32;

export interface EventFilter {
  matches(event: StoredEvent): boolean;
  /** A checkpoint is due after so many events looked at. */
  readonly checkpointEvents: number;
}

export function eventFilter(options: ReadReq.Options.FilterOptions): EventFilter {
  const windowEvents = options.hasMax() ? options.getMax() : DEFAULT_WINDOW_EVENTS;
  const multiplier = options.getCheckpointintervalmultiplier();
  if (multiplier === 0) throw failures.invalidArgument('checkpointIntervalMultiplier 0');
  const byType = options.getEventType();
  const byStream = options.getStreamIdentifier();
  const expression = byType ?? byStream;
  if (expression === undefined) throw failures.invalidArgument('no filter');
  const test = expressionTest(expression.getRegex(), expression.getPrefixList());
  return {
    matches: (event) => test(byType === undefined ? event.stream : event.type),
    checkpointEvents: windowEvents * multiplier,
  };
}

function expressionTest(regex: string, prefixes: readonly string[]): (text: string) => boolean {
  if (regex === '') return (text) => prefixes.some((prefix) => text.startsWith(prefix));
  const pattern = new RegExp(regex);
  return (text) => pattern.test(text);
}
