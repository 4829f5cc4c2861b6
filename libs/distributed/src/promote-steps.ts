/** Promoting can't go on, or must not; the message says why and what to do, in one line. */
export class PromoteError extends Error {
  override readonly name = 'PromoteError';
}

export type PromotePhase = 'vault' | 'events' | 'publishing' | 'read models' | 'proof';

/** How far a phase has come. */
export interface PromoteStep {
  readonly phase: PromotePhase;
  /** Share of the phase, 0 to 1. */
  readonly share: number;
  /** Rows, entries or events done in this phase. */
  readonly count: number;
}

/** Told of each step, and asked whether to go on. */
export interface PromoteWatch {
  readonly tell: (step: PromoteStep) => void;
  readonly signal: AbortSignal;
}

export function goOn({ signal }: PromoteWatch): void {
  if (signal.aborted) {
    throw new PromoteError('broken off; what was copied stays, and the next run goes on from there');
  }
}

/** At most `most` at once. Rejects with the first fault, when none of them is under way any more. */
export async function atOnce<Item>(
  items: readonly Item[],
  most: number,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const faults: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const item of waiting) {
      if (faults.length > 0) return;
      try {
        await run(item);
      } catch (error) {
        faults.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work));
  if (faults.length > 0) throw faults[0];
}

/** Records by their stream, in order. */
export function byStream<Rec extends { readonly stream: string }>(
  records: readonly Rec[],
): ReadonlyMap<string, readonly Rec[]> {
  const streams = new Map<string, Rec[]>();
  for (const record of records) {
    const list = streams.get(record.stream);
    if (list === undefined) streams.set(record.stream, [record]);
    else list.push(record);
  }
  return streams;
}
