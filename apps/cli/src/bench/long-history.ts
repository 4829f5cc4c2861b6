import { singleBodies } from './generate';
import { storyLines } from './story';

/** Different texts for the touchpoints of one customer. */
const TEXTS = 256;

export interface HistoryOptions {
  /** Registered already, with the key of `customer`. */
  readonly customerId: string;
  readonly customer: number;
  /** Of the whole stream: the registration is one of them. */
  readonly events: number;
}

/** A customer's history as lines of a bulk body: touchpoints, and evenly among them what every customer's story has. */
export function historyLines({ customerId, customer, events }: HistoryOptions): string[] {
  const touchpoints = singleBodies([customerId], Math.min(TEXTS, events)).map(
    (body) => `{"command":"touchpoint",${body.slice(1)}\n`,
  );
  const story = storyLines(customer);
  const count = events - 1;
  const every = Math.max(1, Math.floor(count / story.length));
  return Array.from({ length: count }, (_, i) => {
    const told = i % every === every - 1 ? story[Math.floor(i / every)] : undefined;
    return told ?? touchpoints[i % touchpoints.length] ?? '';
  });
}

/** One of each in turn: the histories then grow side by side, as they do in life. */
export function inTurns(histories: readonly (readonly string[])[]): string[] {
  const longest = Math.max(0, ...histories.map((lines) => lines.length));
  return Array.from({ length: longest }, (_, i) => histories.flatMap((lines) => lines[i] ?? [])).flat();
}
